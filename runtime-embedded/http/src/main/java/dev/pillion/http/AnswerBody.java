// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.eclipse.jetty.client.Request;
import org.jspecify.annotations.Nullable;

/**
 * What a program answers, as it comes. Closing it early ends the exchange: nobody waits for bytes
 * that nobody reads.
 */
final class AnswerBody extends InputStream {
  private final InputStream source;
  private final Request request;
  private final @Nullable StreamedBody upload;
  private final HttpFailures failures;
  private boolean ended;

  /** The answer to a request, whose body is still being sent where {@code upload} says so. */
  AnswerBody(
      InputStream source, Request request, @Nullable StreamedBody upload, HttpFailures failures) {
    this.source = source;
    this.request = request;
    this.upload = upload;
    this.failures = failures;
  }

  @Override
  public int read() {
    var one = new byte[1];
    int read = read(one, 0, 1);
    return read < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    try {
      int read = source.read(into, offset, length);
      ended |= read < 0;
      return read;
    } catch (InterruptedIOException e) {
      Thread.currentThread().interrupt();
      throw failures.interrupted(e);
    } catch (IOException e) {
      throw failures.of(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!ended || (upload != null && !upload.isOver())) {
      ended = true;
      var unused = request.abort(new IOException("the answer was closed before its end"));
    }
    source.close();
  }
}
