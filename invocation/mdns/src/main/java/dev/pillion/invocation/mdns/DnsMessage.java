// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A DNS message, as far as apps are found by it: records of other kinds are left out.
 *
 * @param id zero but in an exchange with a resolver that knows no multicast
 * @param records of all sections, in their order
 * @param isProbe whether it asks in order to claim a name, which needs no answer
 */
record DnsMessage(
    int id,
    boolean isResponse,
    List<DnsQuestion> questions,
    List<DnsRecord> records,
    boolean isProbe) {
  /** What is asked. */
  record DnsQuestion(String name, int type, boolean unicast) {
    boolean asksFor(int wanted) {
      return type == wanted || type == DnsRecord.ANY;
    }
  }

  DnsMessage {
    questions = List.copyOf(questions);
    records = List.copyOf(records);
  }

  static DnsMessage query(String name, int type) {
    return new DnsMessage(0, false, List.of(new DnsQuestion(name, type, false)), List.of(), false);
  }

  static DnsMessage response(List<DnsRecord> records) {
    return new DnsMessage(0, true, List.of(), records, false);
  }

  /** The same as an answer to a resolver that waits for its own id and question. */
  DnsMessage answering(DnsMessage query) {
    return new DnsMessage(query.id, true, query.questions, records, false);
  }

  /** Reads a packet; empty when it is not a well-formed message. */
  static Optional<DnsMessage> read(ByteBuffer packet) {
    return DnsReader.read(packet);
  }

  byte[] toBytes() {
    return DnsWriter.write(this);
  }

  <T extends DnsRecord> Stream<T> records(Class<T> kind) {
    return records.stream().filter(kind::isInstance).map(kind::cast);
  }

  <T extends DnsRecord> Stream<T> records(Class<T> kind, String name) {
    return records(kind).filter(record -> record.name().equalsIgnoreCase(name));
  }
}
