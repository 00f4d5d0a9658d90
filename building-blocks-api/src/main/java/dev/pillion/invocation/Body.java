// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a request carries: bytes in memory, which any attempt may read again, or a stream, which one
 * attempt may read once and nobody holds whole. Closing the stream is for who made it.
 */
public final class Body {
  /** No bytes. */
  public static final Body EMPTY = of(new byte[0]);

  private final byte @Nullable [] bytes;
  private final @Nullable InputStream stream;
  private final long length;
  private boolean opened;

  private Body(byte @Nullable [] bytes, @Nullable InputStream stream, long length) {
    this.bytes = bytes;
    this.stream = stream;
    this.length = length;
  }

  /** These bytes, which are not copied. */
  public static Body of(byte[] bytes) {
    return new Body(bytes, null, bytes.length);
  }

  /**
   * What the stream holds.
   *
   * @param length how many bytes those are, exactly: a call with more or fewer fails; -1 when that
   *     is not known
   */
  public static Body of(InputStream stream, long length) {
    if (length < -1) {
      throw new IllegalArgumentException(
          "the length of a body is a number of bytes, or -1 when it is not known, not " + length);
    }
    return new Body(null, stream, length);
  }

  /**
   * The same, but reading more than this many bytes of a stream fails.
   *
   * @param tooLarge makes what is thrown, now when the length is known and above the limit
   */
  public Body limitedTo(int limit, Supplier<? extends RuntimeException> tooLarge) {
    if (length > limit) {
      throw tooLarge.get();
    }
    return stream == null ? this : of(new CappedStream(taken(), limit, tooLarge), length);
  }

  /** How many bytes; -1 when that is not known. */
  public long length() {
    return length;
  }

  /** Whether it can be read more than once: only then may a call be made again. */
  public boolean isRepeatable() {
    return bytes != null;
  }

  /**
   * Its bytes, from the first. Reading a stream fails with an {@link IOException} when it turns out
   * to hold more bytes than was said, or ends before.
   *
   * @throws IllegalStateException when it is a stream that has been opened before
   */
  public InputStream open() {
    if (bytes != null) {
      return new ByteArrayInputStream(bytes);
    }
    return length < 0 ? taken() : new ExactStream(taken(), length);
  }

  private InputStream taken() {
    if (stream == null || opened) {
      throw new IllegalStateException("the body is a stream, and it has been read");
    }
    opened = true;
    return stream;
  }

  /**
   * All of its bytes, for a protocol that can't send less at a time; bytes in memory are not
   * copied, and must not be changed.
   *
   * @throws IllegalStateException when it is a stream that has been opened before
   * @throws IOException when the stream can't be read, or is not as long as was said
   */
  public byte[] bytes() throws IOException {
    return bytes != null ? bytes : open().readAllBytes();
  }
}
