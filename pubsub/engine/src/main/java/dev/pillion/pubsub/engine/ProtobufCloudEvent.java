// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;

/**
 * Tells the bytes of Protobuf's CloudEvent message from others, as a Protobuf parser does: by the
 * wire format, and by the fields that are text or messages themselves. Nothing is read.
 */
final class ProtobufCloudEvent {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int START_GROUP = 3;
  private static final int END_GROUP = 4;
  private static final int FIXED32 = 5;

  private static final int LARGEST_FIELD = 0x1fffffff;
  private static final int GROUP_DEPTH_LIMIT = 100;

  private static final Fields TIMESTAMP = new Fields(Set.of(), Map.of());
  private static final Fields VALUE = new Fields(Set.of(3, 5, 6), Map.of(7, TIMESTAMP));
  private static final Fields ATTRIBUTE = new Fields(Set.of(1), Map.of(2, VALUE));
  private static final Fields ANY = new Fields(Set.of(1), Map.of());
  private static final Fields CLOUD_EVENT =
      new Fields(Set.of(1, 2, 3, 4, 7), Map.of(5, ATTRIBUTE, 8, ANY));

  private ProtobufCloudEvent() {}

  static boolean isOne(byte[] bytes) {
    try {
      message(ByteBuffer.wrap(bytes), CLOUD_EVENT);
      return true;
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return false;
    }
  }

  private static void message(ByteBuffer in, Fields fields) {
    while (in.hasRemaining()) {
      long tag = varint(in);
      int number = number(tag);
      if (wireType(tag) != BYTES) {
        // Of another wire type a known field is an unknown one.
        skip(in, tag, GROUP_DEPTH_LIMIT);
        continue;
      }
      var content = bytes(in);
      var inner = fields.messages.get(number);
      if (inner != null) {
        message(content, inner);
      } else if (fields.texts.contains(number)) {
        var text = new byte[content.remaining()];
        content.get(text);
        require(Utf8.isValid(text));
      }
    }
  }

  private static void skip(ByteBuffer in, long tag, int depth) {
    switch (wireType(tag)) {
      case VARINT -> varint(in);
      case FIXED64 -> in.getLong();
      case BYTES -> bytes(in);
      case START_GROUP -> {
        require(depth > 0);
        long inner = varint(in);
        while (wireType(inner) != END_GROUP) {
          number(inner);
          skip(in, inner, depth - 1);
          inner = varint(in);
        }
        require(number(inner) == number(tag));
      }
      case FIXED32 -> in.getInt();
      default -> require(false);
    }
  }

  private static ByteBuffer bytes(ByteBuffer in) {
    long length = varint(in);
    require(length >= 0 && length <= in.remaining());
    var content = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return content;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      // The tenth byte has room for one bit.
      require(shift < 63 || (next <= 1 && next >= 0));
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("no varint");
  }

  private static int wireType(long tag) {
    return (int) (tag & 7);
  }

  private static int number(long tag) {
    long number = tag >>> 3;
    require(number >= 1 && number <= LARGEST_FIELD);
    return (int) number;
  }

  private static void require(boolean wellFormed) {
    if (!wellFormed) {
      throw new IllegalArgumentException("no Protobuf");
    }
  }

  private record Fields(Set<Integer> texts, Map<Integer, Fields> messages) {}
}
