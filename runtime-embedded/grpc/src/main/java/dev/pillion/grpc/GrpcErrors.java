// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Help;
import com.google.rpc.ResourceInfo;
import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.util.Map;

/**
 * Every failure as it goes over the wire: code, Dapr's message, and Dapr's details in Dapr's order.
 */
final class GrpcErrors {
  private static final String DOMAIN = "dapr.io";

  /** In bytes. */
  static final int LONGEST_DETAIL = 63;

  private GrpcErrors() {}

  // ---- any block

  /** A failure of Dapr's newer kind: one ErrorInfo, whose reason is the error code itself. */
  static StatusRuntimeException basic(Status.Code code, String reason, String message) {
    return status(code, message, info(reason, Map.of()));
  }

  /** A failure of Dapr's older kind: code and message alone. */
  static StatusRuntimeException plain(Status.Code code, String message) {
    return code.toStatus().withDescription(message).asRuntimeException();
  }

  /** The code of a failure of the call itself, whatever was called; else {@code otherwise}. */
  static Status.Code code(Throwable failure, Status.Code otherwise) {
    if (failure instanceof CallTimeoutException) {
      return Status.Code.DEADLINE_EXCEEDED;
    }
    if (failure instanceof CallRejectedException) {
      return Status.Code.RESOURCE_EXHAUSTED;
    }
    return failure instanceof IllegalArgumentException ? Status.Code.INVALID_ARGUMENT : otherwise;
  }

  /** What Dapr makes of an HTTP status: the token check and the list of APIs answer so. */
  static StatusRuntimeException http(
      Status.Code code, int httpCode, String statusText, String detail) {
    return status(
        code,
        statusText,
        info(
            statusText,
            Map.of("http.code", Integer.toString(httpCode), "http.error_message", cut(detail))));
  }

  /** As many whole letters as there is room for. */
  private static String cut(String text) {
    var room = ByteBuffer.allocate(LONGEST_DETAIL);
    UTF_8.newEncoder().encode(CharBuffer.wrap(text), room, true);
    return UTF_8.decode(room.flip()).toString();
  }

  // ---- state

  static StatusRuntimeException stateStoreNotFound(String store) {
    return status(
        Status.Code.INVALID_ARGUMENT,
        "state store " + store + " is not found",
        info("DAPR_STATE_NOT_FOUND", Map.of()));
  }

  static StatusRuntimeException stateStoreNotConfigured(String store) {
    return status(
        Status.Code.FAILED_PRECONDITION,
        "state store " + store + " is not configured",
        info("DAPR_STATE_NOT_CONFIGURED", Map.of()));
  }

  static StatusRuntimeException illegalKey(String store, String key) {
    var message = "input key/keyPrefix '" + key + "' can't contain '||'";
    var violation = BadRequest.FieldViolation.newBuilder()
        .setField(key)
        .setDescription(message)
        .build();
    return status(
        Status.Code.INVALID_ARGUMENT,
        message,
        BadRequest.newBuilder().addFieldViolations(violation).build(),
        stateStore(store),
        info("DAPR_STATE_ILLEGAL_KEY", Map.of()));
  }

  static StatusRuntimeException transactionsNotSupported(String store) {
    var link = Help.Link.newBuilder()
        .setUrl("https://docs.dapr.io/reference/components-reference/supported-state-stores/")
        .setDescription("Check the list of state stores and the features they support")
        .build();
    return status(
        Status.Code.UNIMPLEMENTED,
        "state store " + store + " doesn't support transactions",
        Help.newBuilder().addLinks(link).build(),
        stateStore(store),
        info("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED", Map.of()));
  }

  static StatusRuntimeException tooManyOperations(
      String store, String message, int operations, String limit) {
    return status(
        Status.Code.INVALID_ARGUMENT,
        message,
        stateStore(store),
        info(
            "DAPR_STATE_TOO_MANY_TRANSACTIONS",
            Map.of(
                "currentOpsTransaction",
                Integer.toString(operations),
                "maxOpsPerTransaction",
                limit)));
  }

  static StatusRuntimeException outboxNotPublished(String appId, String message, String reason) {
    return status(
        Status.Code.INTERNAL,
        message,
        info("DAPR_PUBSUB_OUTBOX", Map.of("appID", appId, "error", reason)));
  }

  static StatusRuntimeException queryNotSupported(String store) {
    return status(
        Status.Code.INTERNAL,
        "state store does not support querying",
        stateStore(store),
        info("DAPR_STATE_QUERYING_NOT_SUPPORTED", Map.of()));
  }

  private static ResourceInfo stateStore(String name) {
    return ResourceInfo.newBuilder()
        .setResourceType("state")
        .setResourceName(name)
        .build();
  }

  static ErrorInfo info(String reason, Map<String, String> metadata) {
    return ErrorInfo.newBuilder()
        .setDomain(DOMAIN)
        .setReason(reason)
        .putAllMetadata(metadata)
        .build();
  }

  /** A failure of Dapr's newer kind with these details. */
  static StatusRuntimeException status(Status.Code code, String message, Message... details) {
    var status = com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(message);
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }
}
