// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BulkException;
import dev.pillion.EtagMismatchException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** What Dapr answers when a verb of the state block fails: code, reason and text by verb. */
final class StateFailures {
  private StateFailures() {}

  static StatusRuntimeException get(String store, String key, RuntimeException e) {
    return GrpcErrors.basic(
        GrpcErrors.code(e, Code.INTERNAL),
        "ERR_STATE_GET",
        prefixed("fail to get %s from state store %s: ".formatted(key, store), e));
  }

  /** Dapr hands the store's own error on, without a code of its own. */
  static StatusRuntimeException getBulk(RuntimeException e) {
    return GrpcErrors.plain(GrpcErrors.code(e, Code.UNKNOWN), message(e));
  }

  static StatusRuntimeException save(String store, RuntimeException e) {
    if (e instanceof SerializationException) {
      // The bytes are marked as JSON, and are not: Dapr's parser's own error.
      return GrpcErrors.plain(Code.UNKNOWN, message(e));
    }
    return write("ERR_STATE_SAVE", "failed saving state in state store " + store + ": ", e);
  }

  static StatusRuntimeException delete(String key, RuntimeException e) {
    return write("ERR_STATE_DELETE", "failed deleting state with key " + key + ": ", e);
  }

  static StatusRuntimeException deleteBulk(String store, RuntimeException e) {
    return write(
        "ERR_STATE_BULK_DELETE", "failed deleting state in state store " + store + ": ", e);
  }

  /** In a transaction Dapr tells a mismatch from no other failure. */
  static StatusRuntimeException transaction(
      String appId, String store, int operations, RuntimeException e) {
    if (e instanceof TransactionException refused) {
      switch (refused.errorCode()) {
        case "ERR_STATE_STORE_NOT_SUPPORTED" -> {
          return GrpcErrors.transactionsNotSupported(store);
        }
        case "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS" -> {
          var text = message(e);
          var limit = text.substring(text.lastIndexOf(' ') + 1);
          return GrpcErrors.tooManyOperations(store, text, operations, limit);
        }
        case "ERR_PUBLISH_OUTBOX" -> {
          return GrpcErrors.outboxNotPublished(
              appId, message(e), without("error while publishing outbox message: ", message(e)));
        }
        default -> {}
      }
    }
    var cause = e instanceof TransactionException && e.getCause() != null ? e.getCause() : e;
    return GrpcErrors.basic(
        GrpcErrors.code(cause, Code.INTERNAL),
        "ERR_STATE_TRANSACTION",
        prefixed("error while executing state transaction: ", e));
  }

  private static StatusRuntimeException write(String reason, String what, RuntimeException e) {
    Collection<? extends RuntimeException> failures =
        e instanceof BulkException bulk ? bulk.failures().values() : List.of(e);
    var texts = failures.stream()
        .map(failure -> without(what, message(failure)))
        .collect(Collectors.joining("\n"));
    return GrpcErrors.basic(code(failures), reason, what + texts);
  }

  /**
   * Etag failures decide, whatever else failed. Among etag failures alone a malformed one does, in
   * company the first one.
   */
  private static Status.Code code(Collection<? extends RuntimeException> failures) {
    var etags = failures.stream()
        .filter(EtagMismatchException.class::isInstance)
        .map(EtagMismatchException.class::cast)
        .toList();
    if (etags.isEmpty()) {
      return GrpcErrors.code(failures.iterator().next(), Code.INTERNAL);
    }
    boolean malformed = etags.size() == failures.size()
        ? etags.stream().anyMatch(e -> e.malformedReason() != null)
        : etags.get(0).malformedReason() != null;
    return malformed ? Code.INVALID_ARGUMENT : Code.ABORTED;
  }

  private static String prefixed(String what, RuntimeException e) {
    return what + without(what, message(e));
  }

  /** The engine has said most of it already. */
  private static String without(String what, String message) {
    return message.startsWith(what) ? message.substring(what.length()) : message;
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }
}
