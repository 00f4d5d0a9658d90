// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.invocation.mdns.DnsMessage.DnsQuestion;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages from packets that anybody on the network may have sent: it reads each byte a
 * bounded number of times, and keeps no more than the packet holds.
 */
final class DnsReader {
  private static final int RESPONSE = 0x8000;
  private static final int OPERATION = 0x7800;
  private static final int TOP_BIT = 0x8000;
  private static final int INTERNET = 1;
  private static final int MAX_NAME = 255;
  private static final int POINTER = 0xc0;

  /** What the reader throws at itself; it leaves as an empty result. */
  private static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    Malformed(String reason) {
      super(reason, null, false, false);
    }
  }

  private final ByteBuffer packet;

  private DnsReader(ByteBuffer packet) {
    this.packet = packet;
  }

  static Optional<DnsMessage> read(ByteBuffer packet) {
    try {
      return Optional.of(new DnsReader(packet.slice()).message());
    } catch (Malformed | BufferUnderflowException e) {
      return Optional.empty();
    }
  }

  private DnsMessage message() throws Malformed {
    int id = unsignedShort();
    int flags = unsignedShort();
    if ((flags & OPERATION) != 0) {
      throw new Malformed("not a query and not an answer to one");
    }
    int questionCount = unsignedShort();
    int answers = unsignedShort();
    int authorities = unsignedShort();
    int further = unsignedShort();
    var questions = new ArrayList<DnsQuestion>();
    for (int i = 0; i < questionCount; i++) {
      var name = name();
      int type = unsignedShort();
      int questionClass = unsignedShort();
      questions.add(new DnsQuestion(name, type, (questionClass & TOP_BIT) != 0));
    }
    var records = new ArrayList<DnsRecord>();
    for (int i = 0; i < answers + authorities + further; i++) {
      var record = record();
      if (record != null) {
        records.add(record);
      }
    }
    return new DnsMessage(id, (flags & RESPONSE) != 0, questions, records, authorities > 0);
  }

  private @Nullable DnsRecord record() throws Malformed {
    var name = name();
    int type = unsignedShort();
    boolean internet = (unsignedShort() & ~TOP_BIT) == INTERNET;
    long ttl = packet.getInt() & 0xffff_ffffL;
    int end = unsignedShort() + packet.position();
    if (end > packet.limit()) {
      throw new Malformed("a record is longer than the packet");
    }
    var record = internet ? record(name, type, ttl, end) : null;
    if (record == null) {
      packet.position(end);
    }
    if (packet.position() != end) {
      throw new Malformed("a record does not end where it says");
    }
    return record;
  }

  private @Nullable DnsRecord record(String name, int type, long ttl, int end) throws Malformed {
    return switch (type) {
      case DnsRecord.PTR -> new DnsRecord.Pointer(name, ttl, name());
      case DnsRecord.SRV -> {
        packet.getInt(); // priority and weight
        int port = unsignedShort();
        yield new DnsRecord.Service(name, ttl, port, name());
      }
      case DnsRecord.TXT -> new DnsRecord.Text(name, ttl, texts(end));
      case DnsRecord.A, DnsRecord.AAAA ->
        new DnsRecord.Address(name, ttl, address(type == DnsRecord.A ? 4 : 16));
      default -> null;
    };
  }

  private List<String> texts(int end) throws Malformed {
    var texts = new ArrayList<String>();
    while (packet.position() < end) {
      int length = packet.get() & 0xff;
      if (packet.position() + length > end) {
        throw new Malformed("a text is longer than its record");
      }
      texts.add(text(length));
    }
    return List.copyOf(texts);
  }

  private InetAddress address(int length) throws Malformed {
    var bytes = new byte[length];
    packet.get(bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new Malformed("not an address");
    }
  }

  /**
   * A name; a pointer in it must point before everything of it that was read, so none is a loop.
   */
  private String name() throws Malformed {
    var name = new StringBuilder();
    int resume = -1;
    int earliest = packet.position();
    while (true) {
      int length = packet.get() & 0xff;
      if (length == 0) {
        break;
      }
      if ((length & POINTER) == POINTER) {
        int target = ((length & ~POINTER) << 8) | (packet.get() & 0xff);
        if (target >= earliest) {
          throw new Malformed("a name points forwards, or at itself");
        }
        resume = resume < 0 ? packet.position() : resume;
        earliest = target;
        packet.position(target);
      } else if ((length & POINTER) == 0) {
        name.append(text(length)).append('.');
        if (name.length() > MAX_NAME) {
          throw new Malformed("a name is too long");
        }
      } else {
        throw new Malformed("a label of an unknown kind");
      }
    }
    if (resume >= 0) {
      packet.position(resume);
    }
    return name.isEmpty() ? "." : name.toString();
  }

  private String text(int length) {
    var bytes = new byte[length];
    packet.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int unsignedShort() {
    return packet.getShort() & 0xffff;
  }
}
