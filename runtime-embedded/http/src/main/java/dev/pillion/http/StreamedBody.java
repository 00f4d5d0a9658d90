// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.eclipse.jetty.client.OutputStreamRequestContent;

/**
 * A request's body that is read from a stream as fast as the program takes it: one buffer of it is
 * in memory.
 */
final class StreamedBody extends OutputStreamRequestContent {
  private static final int BUFFER = 16 * 1024;

  private final InputStream source;
  private final long length;
  private volatile boolean over;

  StreamedBody(InputStream source, long length) {
    this.source = source;
    this.length = length;
  }

  /** -1 when not known: it is sent in chunks then. */
  @Override
  public long getLength() {
    return length;
  }

  @Override
  @SuppressWarnings("NullAway") // Jetty's own default: the header is set beside the body.
  public String getContentType() {
    return null;
  }

  /** Whether nothing of it will be sent any more. */
  boolean isOver() {
    return over;
  }

  /** Sends all of it; returns when it is sent, the call has failed, or the source has. */
  void pump() {
    try {
      copy();
      // Closing says that it is whole, and so is the last thing, and never done after a failure.
      getOutputStream().close();
    } catch (SourceFailure e) {
      fail(e);
    } catch (IOException e) {
      // The call has ended without wanting the rest, and says why itself.
    } finally {
      over = true;
    }
  }

  private void copy() throws IOException {
    var out = getOutputStream();
    var buffer = new byte[BUFFER];
    for (int read = read(buffer); read >= 0; read = read(buffer)) {
      out.write(buffer, 0, read);
    }
  }

  private int read(byte[] buffer) throws SourceFailure {
    try {
      return source.read(buffer);
    } catch (IOException e) {
      throw new SourceFailure(
          new UncheckedIOException("the body of the request can't be read: " + e.getMessage(), e));
    } catch (RuntimeException e) {
      throw new SourceFailure(e);
    }
  }
}
