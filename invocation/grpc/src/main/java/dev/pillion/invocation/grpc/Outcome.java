// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.spi.Peer;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why a call of a peer has no answer. Sees whether a status came over the wire, or was made up on
 * this side of it.
 */
final class Outcome extends ClientStreamTracer.Factory {
  private static final String ERROR_CODE = "ERR_DIRECT_INVOKE";

  private final Peer peer;
  private volatile boolean isPeers;

  Outcome(Peer peer) {
    this.peer = peer;
  }

  @Override
  public ClientStreamTracer newClientStreamTracer(
      ClientStreamTracer.StreamInfo info, Metadata headers) {
    return new ClientStreamTracer() {
      @Override
      public void inboundTrailers(Metadata trailers) {
        isPeers = true;
      }
    };
  }

  /** Whether the peer itself has said so: one that is older than this rpc. */
  boolean isUnknownRpc(@Nullable Status status) {
    return isPeers && status != null && status.getCode() == Status.Code.UNIMPLEMENTED;
  }

  /** Whether the connection is of no use any more. */
  boolean isConnectionLost(Status status) {
    return !isPeers && status.getCode() == Status.Code.UNAVAILABLE;
  }

  InvocationException tooOld() {
    return new InvocationException(
        Reason.GARBAGE,
        "target app '%s' is running a version of Dapr that does not support streaming-based service invocation"
            .formatted(peer.appId()),
        null);
  }

  /** What broke an answer whose head had come. */
  BuildingBlockException brokenOff(Status status) {
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED -> late(status);
      case RESOURCE_EXHAUSTED -> tooLarge(status);
      default -> closed("%s ended its answer too early%s", status);
    };
  }

  /** What came instead of an answer. */
  BuildingBlockException failure(Status status) {
    if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      return late(status);
    }
    if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
      return tooLarge(status);
    }
    return isPeers ? said(status) : happened(status);
  }

  /** The peer's own words. */
  private InvocationException said(Status status) {
    return switch (status.getCode()) {
      case PERMISSION_DENIED -> failure(Reason.DENIED, "%s denies the call%s", status);
      case UNAVAILABLE, UNAUTHENTICATED ->
        failure(Reason.NOT_LISTENING, "%s takes no calls now%s", status);
      case CANCELLED -> closed("%s ended the call%s", status);
      case UNIMPLEMENTED ->
        failure(Reason.GARBAGE, "%s does not serve Dapr's ServiceInvocation%s", status);
      default ->
        failure(
            Reason.GARBAGE, "%s could not ask its app (code " + status.getCode() + ")%s", status);
    };
  }

  /** What this side of the wire saw. */
  private InvocationException happened(Status status) {
    var text = text(status);
    if (has(status, UnresolvedAddressException.class)) {
      return failure(
          Reason.NOT_LISTENING, "%s can't be reached: its name can't be resolved%s", status);
    }
    if (has(status, ConnectException.class) || has(status, NoRouteToHostException.class)) {
      return failure(Reason.NOT_LISTENING, "nothing listens where %s should be%s", status);
    }
    var untrusted = find(status, CertificateException.class);
    if (untrusted != null) {
      return failure(
          Reason.NOT_LISTENING,
          "what listens where %s should be is somebody else%s",
          status,
          untrusted);
    }
    if (text.contains("received fatal alert")) {
      return failure(
          Reason.DENIED,
          "%s does not accept this runtime's certificate%s",
          status,
          find(status, SSLException.class));
    }
    if (has(status, SSLException.class) && !text.contains("connection closed")) {
      return failure(Reason.GARBAGE, "%s does not speak TLS that is accepted here%s", status);
    }
    if (status.getCode() == Status.Code.UNAVAILABLE || has(status, IOException.class)) {
      return text.contains("http2exception")
          ? failure(Reason.GARBAGE, "%s does not speak gRPC%s", status)
          : closed("%s ended the connection before it answered%s", status);
    }
    return status.getCode() == Status.Code.CANCELLED
        ? closed("the call of %s was ended%s", status)
        : failure(Reason.GARBAGE, "what answers at %s does not speak gRPC%s", status);
  }

  private CallTimeoutException late(Status status) {
    return new CallTimeoutException(
        ERROR_CODE,
        "%s did not answer before the deadline of the call".formatted(peer),
        status.asRuntimeException());
  }

  private InvocationException tooLarge(Status status) {
    return failure(Reason.TOO_LARGE, "a message to or from %s is larger than it may be%s", status);
  }

  private InvocationException closed(String message, Status status) {
    return failure(Reason.CLOSED, message, status);
  }

  private InvocationException failure(Reason reason, String message, Status status) {
    return failure(reason, message, status, null);
  }

  /**
   * A failure that tells why.
   *
   * @param cause which says more than the status; null for none
   */
  private InvocationException failure(
      Reason reason, String message, Status status, @Nullable Throwable cause) {
    var said = cause == null ? status.getDescription() : cause.getMessage();
    return new InvocationException(
        reason,
        message.formatted(peer, said == null ? "" : ": " + said),
        status.asRuntimeException());
  }

  private static boolean has(Status status, Class<? extends Throwable> type) {
    return find(status, type) != null;
  }

  /** The innermost cause of this type; null when there is none. */
  private static @Nullable Throwable find(Status status, Class<? extends Throwable> type) {
    Throwable found = null;
    for (@Nullable Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      found = type.isInstance(cause) ? cause : found;
    }
    return found;
  }

  /** All that the status and its causes say, in lower case. */
  private static String text(Status status) {
    var text = new StringBuilder(String.valueOf(status.getDescription()));
    for (@Nullable Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      text.append('\n').append(cause);
    }
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
