// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.ReplicationException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import dev.pillion.state.spi.StateChange;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Gives a store's failure the verb, the program's key, the store's name and Dapr's code. The texts
 * are Dapr's.
 */
final class StateFailures {
  private static final String TRANSACTION = "error while executing state transaction: ";

  private final String store;

  StateFailures(String store) {
    this.store = store;
  }

  BuildingBlockException get(String key, BuildingBlockException e) {
    return named("ERR_STATE_GET", "fail to get %s from state store %s: ".formatted(key, store), e);
  }

  BuildingBlockException getAll(BuildingBlockException e) {
    return named(
        "ERR_STATE_BULK_GET", "failed to get values from state store %s: ".formatted(store), e);
  }

  BuildingBlockException save(String key, BuildingBlockException e) {
    return e instanceof EtagMismatchException mismatch
        ? withKey(mismatch, stored -> key)
        : named("ERR_STATE_SAVE", "failed saving state in state store %s: ".formatted(store), e);
  }

  BuildingBlockException delete(String key, BuildingBlockException e) {
    return e instanceof EtagMismatchException mismatch
        ? withKey(mismatch, stored -> key)
        : named("ERR_STATE_DELETE", "failed deleting state with key %s: ".formatted(key), e);
  }

  /** The whole of a bulk write failed. */
  BuildingBlockException bulk(ChangeList list, BuildingBlockException e) {
    return list.deletesOnly()
        ? named(
            "ERR_STATE_BULK_DELETE",
            "failed deleting state in state store %s: ".formatted(store),
            e)
        : named("ERR_STATE_SAVE", "failed saving state in state store %s: ".formatted(store), e);
  }

  /** Some changes of a bulk write failed, these by position. */
  BulkException some(ChangeList list, Map<Integer, BuildingBlockException> failed) {
    var byKey = new LinkedHashMap<String, BuildingBlockException>();
    new TreeMap<>(failed).forEach((position, e) -> {
      var key = list.key(position);
      byKey.putIfAbsent(
          key,
          list.changes().get(position) instanceof StateChange.Put ? save(key, e) : delete(key, e));
    });
    var first = byKey.values().iterator().next();
    return new BulkException(
        first.errorCode(),
        "%d of %d changes in state store \"%s\" failed, the others are applied; failed %s, first: %s"
            .formatted(
                failed.size(), list.changes().size(), store, byKey.keySet(), first.getMessage()),
        byKey);
  }

  BuildingBlockException transaction(ChangeList changes, BuildingBlockException e) {
    if (e instanceof TransactionException) {
      return e;
    }
    if (e instanceof CallTimeoutException || e instanceof ReplicationException) {
      // Unlike a refused transaction it may have been, or is, applied.
      return named("ERR_STATE_TRANSACTION", TRANSACTION, e);
    }
    var cause = e instanceof EtagMismatchException mismatch ? withKey(mismatch, changes::keyOf) : e;
    return new TransactionException(
        "ERR_STATE_TRANSACTION", TRANSACTION + cause.getMessage(), cause);
  }

  /** The event of a transaction was not published, and so nothing was applied for certain. */
  TransactionException outbox(BuildingBlockException e) {
    // Not the failure itself: a transient one would say that all may have been applied.
    return new TransactionException(
        "ERR_PUBLISH_OUTBOX",
        "error while publishing outbox message: " + e.getMessage(),
        e.getCause() instanceof ComponentException ? null : e.getCause());
  }

  private static BuildingBlockException named(String code, String what, BuildingBlockException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (e instanceof ReplicationException applied) {
      return new ReplicationException(code, what + e.getMessage(), applied.isTransient(), cause);
    }
    if (e instanceof ComponentException component) {
      return new ComponentException(code, what + e.getMessage(), component.isTransient(), cause);
    }
    if (e instanceof CallTimeoutException) {
      return new CallTimeoutException(code, what + e.getMessage(), cause);
    }
    if (e instanceof SerializationException) {
      return new SerializationException(what + e.getMessage(), cause);
    }
    return e;
  }

  private static EtagMismatchException withKey(EtagMismatchException e, UnaryOperator<String> key) {
    return new EtagMismatchException(
        e.errorCode(), key.apply(e.key()), e.expected(), e.malformedReason());
  }
}
