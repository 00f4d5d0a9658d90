// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The parent of a call in its trace, in the two forms that travel: {@code traceparent} of version
 * 00, and OpenCensus' binary one, which {@code grpc-trace-bin} carries. Immutable.
 */
public final class TraceParent {
  private static final int BINARY_LENGTH = 29;
  private static final Pattern FORM = Pattern.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

  private final String text;

  private TraceParent(String text) {
    this.text = text;
  }

  /** Of the value of a {@code traceparent}; empty when it is none of version 00. */
  public static Optional<TraceParent> of(String traceparent) {
    return FORM.matcher(traceparent).matches()
        ? Optional.of(new TraceParent(traceparent))
        : Optional.empty();
  }

  /**
   * Of the bytes of a {@code grpc-trace-bin}: the version, then three fields behind their numbers;
   * empty when they are not that.
   */
  public static Optional<TraceParent> of(byte[] binary) {
    if (binary.length != BINARY_LENGTH
        || binary[0] != 0
        || binary[1] != 0
        || binary[18] != 1
        || binary[27] != 2) {
      return Optional.empty();
    }
    var hex = HexFormat.of();
    return Optional.of(new TraceParent("00-%s-%s-%s"
        .formatted(
            hex.formatHex(binary, 2, 18),
            hex.formatHex(binary, 19, 27),
            hex.formatHex(binary, 28, 29))));
  }

  /** As {@code grpc-trace-bin} has it. */
  public byte[] toBinary() {
    var hex = HexFormat.of();
    return ByteBuffer.allocate(BINARY_LENGTH)
        .put((byte) 0)
        .put((byte) 0)
        .put(hex.parseHex(text, 3, 35))
        .put((byte) 1)
        .put(hex.parseHex(text, 36, 52))
        .put((byte) 2)
        .put(hex.parseHex(text, 53, 55))
        .array();
  }

  /** As {@code traceparent} has it. */
  @Override
  public String toString() {
    return text;
  }
}
