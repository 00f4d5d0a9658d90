// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception.HeaderListSizeException;
import io.grpc.netty.shaded.io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** Why there is no answer: gRPC's statuses for what happened on this side of the wire. */
final class AppFailures {
  private final AppOptions options;

  AppFailures(AppOptions options) {
    this.options = options;
  }

  InvocationException requestTooLarge(int size) {
    return new InvocationException(
        Reason.TOO_LARGE,
        "the request to the app at %s is %d bytes with its envelope, above the app's maximum body size of %d, set by maxBodySize"
            .formatted(options.address(), size, options.maxBodySize()),
        null);
  }

  BuildingBlockException of(MethodDescriptor<?, ?> method, StatusRuntimeException failure) {
    var operation = String.valueOf(method.getBareMethodName());
    var text = text(failure);
    return switch (failure.getStatus().getCode()) {
      case DEADLINE_EXCEEDED ->
        new CallTimeoutException(
            "ERR_DIRECT_INVOKE",
            "the app at %s did not answer %s before the deadline of the call"
                .formatted(options.address(), operation),
            failure);
      case RESOURCE_EXHAUSTED -> tooLarge(operation, failure);
      case CANCELLED ->
        failure.getCause() instanceof InterruptedException
            ? failure(
                Reason.CLOSED,
                "the thread that asked the app at %s for " + operation + " was interrupted",
                failure)
            : closed(operation, failure);
      case UNAVAILABLE -> unavailable(operation, text, failure);
      default -> other(operation, text, failure);
    };
  }

  /** What gRPC has no status of its own for: also a connection that ends while it is written to. */
  private InvocationException other(String operation, String text, StatusRuntimeException failure) {
    if (isRequestsHeaders(failure)) {
      return failure(
          Reason.TOO_LARGE,
          "the headers of the request are larger than the app at %s accepts",
          failure);
    }
    if (isAboutHeaders(text)) {
      return tooLarge(operation, failure);
    }
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      // What TLS finds wrong is an IOException as well.
      if (cause instanceof IOException && !(cause instanceof SSLException)) {
        return closed(operation, failure);
      }
    }
    return garbage(operation, failure);
  }

  private InvocationException unavailable(
      String operation, String text, StatusRuntimeException failure) {
    if (hasCause(failure, UnresolvedAddressException.class)) {
      return failure(
          Reason.NOT_LISTENING,
          "the app at %s can't be reached: the name \"" + options.host().replace("%", "%%")
              + "\" can't be resolved",
          failure);
    }
    // A channel is shut down, rather than cut, when another call has found that it can't connect.
    if (isRefused(failure) || text.contains("channel shutdown invoked")) {
      return failure(
          Reason.NOT_LISTENING, "nothing listens at %s, where the app should be", failure);
    }
    if (isAboutHeaders(text)) {
      return tooLarge(operation, failure);
    }
    var handshake = handshake(failure, text);
    if (handshake != null) {
      return failure(
          Reason.GARBAGE,
          "the app at %s does not speak TLS that is accepted here: " + handshake
              + "; is its protocol grpcs, and its certificate valid for this host?",
          failure);
    }
    if (text.contains("shutdownnow")) {
      return failure(
          Reason.CLOSED, "the runtime was closed while the app at %s was asked", failure);
    }
    // A protocol error; what Netty calls a channel that closed has a name of its own.
    return text.contains("http2exception")
        ? garbage(operation, failure)
        : closed(operation, failure);
  }

  private InvocationException closed(String operation, StatusRuntimeException failure) {
    return failure(
        Reason.CLOSED,
        "the app at %s ended the connection before it answered " + operation,
        failure);
  }

  private InvocationException garbage(String operation, StatusRuntimeException failure) {
    return failure(
        Reason.GARBAGE,
        "what answers " + operation + " at %s does not speak gRPC; is that the app's gRPC port?",
        failure);
  }

  private InvocationException tooLarge(String operation, StatusRuntimeException failure) {
    return failure(
        Reason.TOO_LARGE,
        "the app at %s answered " + operation
            + " with more than its maximum body size of " + options.maxBodySize()
            + " bytes (set by maxBodySize) or its maximum header size of " + options.maxHeaderSize()
            + " (set by maxHeaderSize)",
        failure);
  }

  private InvocationException failure(
      Reason reason, String message, StatusRuntimeException failure) {
    return new InvocationException(reason, message.formatted(options.address()), failure);
  }

  private static boolean isRefused(Throwable failure) {
    return hasCause(failure, ConnectException.class)
        || hasCause(failure, NoRouteToHostException.class);
  }

  private static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** The program has said how much it accepts, and this side has not sent more. */
  private static boolean isRequestsHeaders(Throwable failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HeaderListSizeException headers) {
        return !headers.duringDecode();
      }
    }
    return false;
  }

  /** What TLS found wrong when it shook hands; null where that is not the reason. */
  private static @Nullable String handshake(Throwable failure, String text) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NotSslRecordException) {
        // Its message is what was received.
        return "it answers without";
      }
      if (cause instanceof SSLHandshakeException && !text.contains("connection closed")) {
        return String.valueOf(cause.getMessage()).replace("%", "%%");
      }
    }
    return null;
  }

  private static boolean isAboutHeaders(String text) {
    return text.contains("header size exceeded");
  }

  /** All that the failure and its causes say, in lower case. */
  private static String text(Throwable failure) {
    var text = new StringBuilder();
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      text.append(cause).append('\n');
    }
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
