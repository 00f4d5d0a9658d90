// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/** What Jetty reports, as what it means to a caller. */
final class HttpFailures {
  private static final String CODE = "ERR_DIRECT_INVOKE";

  /** What Jetty says of frames that are none. */
  private static final String[] NO_HTTP2 = {
    "protocol_error", "frame_size_error", "invalid_", "compression_error", "flow_control_error"
  };

  private final AppOptions options;
  private final String app;
  private final String protocol;
  private final BooleanSupplier isClosed;

  /**
   * The failures of a channel.
   *
   * @param who is asked, for people: {@code the app at localhost:3000}
   * @param isClosed whether the runtime has closed it: whatever Jetty reports then is that
   */
  HttpFailures(String who, AppOptions options, String protocol, BooleanSupplier isClosed) {
    this.options = options;
    this.app = who;
    this.protocol = protocol;
    this.isClosed = isClosed;
  }

  /** Who is asked. */
  String who() {
    return app;
  }

  RuntimeException of(Throwable failure) {
    if (isClosed.getAsBoolean()) {
      return new InvocationException(
          Reason.CLOSED, "the runtime was closed while " + app + " was asked", failure);
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      var known = known(cause, failure);
      if (known != null) {
        return known;
      }
    }
    return closed(failure);
  }

  private @Nullable RuntimeException known(Throwable cause, Throwable failure) {
    if (cause instanceof SourceFailure source) {
      return source.reason();
    }
    if (cause instanceof RejectedExecutionException) {
      return new CallRejectedException(
          CODE,
          "%s is busy: %d calls wait for one of its connections already; limit them by maxConcurrency"
              .formatted(app, HttpTransport.MOST_WAITING),
          failure);
    }
    if (cause instanceof TimeoutException) {
      return timeout(failure);
    }
    if (cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException) {
      return new InvocationException(
          Reason.NOT_LISTENING,
          "%s can't be reached: the name \"%s\" can't be resolved".formatted(app, options.host()),
          failure);
    }
    if (cause instanceof ConnectException
        || cause instanceof NoRouteToHostException
        || cause instanceof SocketTimeoutException) {
      return new InvocationException(
          Reason.NOT_LISTENING, app + " does not listen: nothing takes the connection", failure);
    }
    if (cause instanceof SSLException) {
      return new InvocationException(
          Reason.GARBAGE,
          "%s does not speak TLS that is accepted here: %s; is its protocol https, and its certificate valid for this host?"
              .formatted(app, cause.getMessage()),
          failure);
    }
    return said(cause, String.valueOf(cause.getMessage()), failure);
  }

  /** What Jetty has no types for, it says. */
  private @Nullable RuntimeException said(Throwable cause, String message, Throwable failure) {
    var lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("too large")) {
      return answer(true, failure);
    }
    if (lower.contains("early eof")) {
      return closed(failure);
    }
    for (var word : NO_HTTP2) {
      if (lower.contains(word)) {
        return answer(false, failure);
      }
    }
    // Of these the cause says more, where there is one.
    return cause instanceof HttpException && !(cause.getCause() instanceof HttpException)
        ? answer(false, failure)
        : null;
  }

  private InvocationException closed(Throwable failure) {
    return new InvocationException(
        Reason.CLOSED, app + " ended the connection before its answer was whole", failure);
  }

  private InvocationException answer(boolean tooLarge, Throwable failure) {
    return tooLarge
        ? new InvocationException(
            Reason.TOO_LARGE,
            "%s answered with headers larger than its maximum header size of %d bytes, set by maxHeaderSize"
                .formatted(app, options.maxHeaderSize()),
            failure)
        : new InvocationException(
            Reason.GARBAGE,
            "%s answered what is not HTTP; is its protocol %s?".formatted(app, protocol),
            failure);
  }

  CallTimeoutException timeout(@Nullable Throwable failure) {
    return new CallTimeoutException(
        CODE, app + " did not answer in whole before the deadline of the call", failure);
  }

  InvocationException interrupted(@Nullable Throwable failure) {
    return new InvocationException(Reason.CLOSED, "interrupted while waiting for " + app, failure);
  }
}
