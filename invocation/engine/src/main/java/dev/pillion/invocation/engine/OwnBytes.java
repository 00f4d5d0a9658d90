// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/**
 * Bytes that belong to whoever gets them: where a call stays inside the JVM, either side may go on
 * changing its array. Not thread-safe.
 */
final class OwnBytes extends ByteArrayInputStream {
  /** @param bytes that nobody else has */
  OwnBytes(byte[] bytes) {
    super(bytes);
  }

  /** The request with a body of its own; a stream is handed over as it is. */
  static InvocationRequest copied(InvocationRequest request) throws IOException {
    var body = request.body();
    return !body.isRepeatable() || body.length() == 0
        ? request
        : request.with(request.headers(), Body.of(body.bytes().clone()));
  }

  /** The answer with a body of its own; a stream is handed over as it is. */
  static InvocationResponse copied(InvocationResponse answer) {
    return answer.body().getClass() == ByteArrayInputStream.class
        ? answer.with(
            answer.headers(), new OwnBytes(((ByteArrayInputStream) answer.body()).readAllBytes()))
        : answer;
  }

  /** All that is left, for whom it belongs to: not copied again unless it has been read from. */
  byte[] taken() {
    if (pos > 0) {
      return readAllBytes();
    }
    pos = count;
    return buf;
  }
}
