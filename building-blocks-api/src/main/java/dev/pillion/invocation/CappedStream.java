// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;

/** A stream that fails rather than give more than it may. */
final class CappedStream extends InputStream {
  private final InputStream source;
  private final Supplier<? extends RuntimeException> tooMuch;
  private long left;

  CappedStream(InputStream source, long limit, Supplier<? extends RuntimeException> tooMuch) {
    this.source = source;
    this.left = limit;
    this.tooMuch = tooMuch;
  }

  @Override
  public int read() throws IOException {
    int read = source.read();
    if (read >= 0) {
      count(1);
    }
    return read;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    // One above what is left is enough to see that there is too much.
    int read = source.read(into, offset, (int) Math.min(length, left + 1));
    if (read > 0) {
      count(read);
    }
    return read;
  }

  /** By the source's own, which may know how long it is. {@code readAllBytes} uses it. */
  @Override
  public byte[] readNBytes(int length) throws IOException {
    var read = source.readNBytes((int) Math.min(length, left + 1));
    count(read.length);
    return read;
  }

  private void count(int bytes) {
    left -= bytes;
    if (left < 0) {
      left = 0;
      throw tooMuch.get();
    }
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(source.available(), left);
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
