// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Answers that are errors, as exceptions, and exceptions of handlers as answers. */
final class Failures {
  /** How much of an error's text a message repeats. */
  private static final int LONGEST_TEXT = 200;

  private final int maxBodySize;

  Failures(int maxBodySize) {
    this.maxBodySize = maxBodySize;
  }

  /** Dapr counts 200 to 399 as done, and whatever a gRPC app answers. */
  static boolean isDone(InvocationResponse answer) {
    return answer.isGrpc() || (answer.status() >= 200 && answer.status() < 400);
  }

  /** The error that an app answered with, its body read to the end. */
  InvocationException read(Target target, String method, InvocationResponse answer) {
    try (var limited = answer.limitedTo(maxBodySize, () -> tooLarge(target, method))) {
      var body = limited.body().readAllBytes();
      return InvocationException.answered(
          message(target, method, answer, body), answer, body, null);
    } catch (IOException e) {
      return brokenOff(target, method, e);
    }
  }

  InvocationException brokenOff(Target target, String method, IOException cause) {
    return new InvocationException(
        InvocationException.Reason.CLOSED,
        "the answer of \"%s\" to \"%s\" ended too early".formatted(target, method),
        cause);
  }

  int maxBodySize() {
    return maxBodySize;
  }

  InvocationException unread(Target target, String method, InvocationResponse answer) {
    return InvocationException.answered(message(target, method, answer, new byte[0]), answer);
  }

  /** What a handler of this JVM threw, in the form in which it would have come from another. */
  InvocationException local(Target target, String method, InvocationException thrown) {
    if (thrown.reason() != InvocationException.Reason.ANSWERED || thrown.answer() != null) {
      return thrown;
    }
    var answer = answer(thrown);
    var body = thrown.body();
    return InvocationException.answered(
        message(target, method, answer, body), answer, body, thrown);
  }

  /** What a handler threw, as the answer that a peer gets. */
  static InvocationResponse answer(InvocationException thrown) {
    return InvocationResponse.of(
        thrown.statusCode(), Map.of(), "text/plain; charset=utf-8", thrown.body());
  }

  private static String message(
      Target target, String method, InvocationResponse answer, byte[] body) {
    var said = answer.message().isEmpty() ? text(answer.contentType(), body) : answer.message();
    return "\"%s\" answered \"%s\" with %s %d%s"
        .formatted(
            target,
            method,
            answer.isGrpc() ? "gRPC code" : "status",
            answer.status(),
            said.isEmpty() ? "" : ": " + said);
  }

  private static String text(String contentType, byte[] body) {
    if (!contentType.startsWith("text/") && !contentType.startsWith("application/json")) {
      return "";
    }
    var text = new String(body, StandardCharsets.UTF_8).strip();
    return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "…" : text;
  }

  InvocationException tooLarge(Target target, String method) {
    return new InvocationException(
        InvocationException.Reason.TOO_LARGE,
        "the answer of \"%s\" to \"%s\" is larger than %d bytes, the most that is held in memory; read larger ones as a stream by exchange(…)"
            .formatted(target, method, maxBodySize),
        null);
  }
}
