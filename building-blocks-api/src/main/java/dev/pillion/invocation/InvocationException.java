// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An app could not be asked, its answer could not be read, or it answered with an error. A limit
 * that leaves no room in time is a {@link dev.pillion.CallRejectedException}, a deadline that
 * passes during the call a {@link dev.pillion.CallTimeoutException}.
 *
 * <p>A handler throws it to answer with a status of its choice: {@link #InvocationException(int,
 * String)}.
 */
public final class InvocationException extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final Reason reason;
  private final int status;
  private final transient @Nullable InvocationResponse answer;
  private final transient byte @Nullable [] body;

  /** Why. */
  public enum Reason {
    /**
     * No app of that id is known anywhere that was looked. Nobody has seen anything of the call.
     */
    NO_SUCH_APP(13),
    /** Nothing takes connections at its address. The app has seen nothing of the call. */
    NOT_LISTENING(14),
    /** Its health check fails. The app has seen nothing of the call. */
    UNHEALTHY(13),
    /** Its access policy denies the call to this caller. The app has seen nothing of it. */
    DENIED(7),
    /** The connection ended before the answer did. Whether the app did its work is not known. */
    CLOSED(14),
    /** What was answered is not of the protocol. Whether the app did its work is not known. */
    GARBAGE(13),
    /** Body or headers, of the request or of the answer, are above their limit. */
    TOO_LARGE(8),
    /** The app answered with an error, whose status {@link #statusCode} is. */
    ANSWERED(2);

    private final int code;

    Reason(int code) {
      this.code = code;
    }
  }

  /** Why, and what failed: the app and its address, what happened, what to do. */
  public InvocationException(Reason reason, String message, @Nullable Throwable cause) {
    this(reason, reason.code, message, null, null, cause);
  }

  /**
   * An error as a handler answers it: the caller gets the status and, as body, the message.
   *
   * @param status of HTTP, 400 to 599
   * @throws IllegalArgumentException when the status is no error
   */
  public InvocationException(int status, String message) {
    this(Reason.ANSWERED, status, message, null, message.getBytes(StandardCharsets.UTF_8), null);
    if (status < 400 || status > 599) {
      throw new IllegalArgumentException(
          "a handler fails with a status of 400 to 599, not " + status);
    }
  }

  private InvocationException(
      Reason reason,
      int status,
      String message,
      @Nullable InvocationResponse answer,
      byte @Nullable [] body,
      @Nullable Throwable cause) {
    super("ERR_DIRECT_INVOKE", message, cause);
    this.reason = reason;
    this.status = status;
    this.answer = answer;
    this.body = body;
  }

  /**
   * The error that an app answered with, its body read to the end.
   *
   * @param body which this keeps
   */
  public static InvocationException answered(
      String message, InvocationResponse answer, byte[] body, @Nullable Throwable cause) {
    return new InvocationException(Reason.ANSWERED, answer.status(), message, answer, body, cause);
  }

  /** The error that an app answered with, its body not read yet. */
  public static InvocationException answered(String message, InvocationResponse answer) {
    return new InvocationException(Reason.ANSWERED, answer.status(), message, answer, null, null);
  }

  /**
   * A handler of this program that failed with an exception other than this one: status 500.
   *
   * @param message which the caller sees
   */
  public static InvocationException failed(String message, Throwable cause) {
    return new InvocationException(
        Reason.ANSWERED, 500, message, null, message.getBytes(StandardCharsets.UTF_8), cause);
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }

  /**
   * The status that the app answered with, of HTTP 100 to 599, of gRPC 0 to 16; without an answer
   * the gRPC code that Dapr's callers would see. Retry policies are matched against it.
   */
  @Override
  public int statusCode() {
    return status;
  }

  /** The headers of the app's answer; empty when there was none. */
  public Map<String, List<String>> headers() {
    return answer == null ? Map.of() : answer.headers();
  }

  /** The media type of {@link #body}; empty when there is none. */
  public String contentType() {
    return answer == null ? "" : answer.contentType();
  }

  /** The body of the app's answer, a copy; empty when there was none, or it was not read. */
  public byte[] body() {
    return body == null ? new byte[0] : body.clone();
  }

  /**
   * The app's answer as it came, whose body can be read anew, unless it is a stream that nobody has
   * read; null when there was none.
   */
  public @Nullable InvocationResponse answer() {
    return answer == null || body == null
        ? answer
        : answer.with(answer.headers(), new ByteArrayInputStream(body));
  }
}
