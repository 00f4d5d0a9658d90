// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.io.IOException;
import java.io.InputStream;

/** A stream that fails unless it is exactly as long as was said. */
final class ExactStream extends InputStream {
  private final InputStream source;
  private final long length;
  private long left;

  ExactStream(InputStream source, long length) {
    this.source = source;
    this.length = length;
    this.left = length;
  }

  @Override
  public int read() throws IOException {
    int read = source.read();
    count(read < 0 ? read : 1);
    return read;
  }

  @Override
  public int read(byte[] into, int offset, int wanted) throws IOException {
    // One above what is left is enough to see that there is too much.
    int read = source.read(into, offset, left < wanted ? (int) left + 1 : wanted);
    count(read);
    return read;
  }

  private void count(int read) throws IOException {
    if (read < 0 && left > 0) {
      throw notAsLong("fewer");
    }
    if (read > left) {
      throw notAsLong("more");
    }
    left -= Math.max(0, read);
  }

  private IOException notAsLong(String how) {
    return new IOException(
        "the body holds %s bytes than the %d that were announced".formatted(how, length));
  }

  @Override
  public int available() throws IOException {
    return source.available();
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
