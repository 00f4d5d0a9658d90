// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes messages; without compression, for they are short. */
final class DnsWriter {
  private static final int AUTHORITATIVE_RESPONSE = 0x8400;
  private static final int INTERNET = 1;
  private static final int UNICAST = 0x8000;
  private static final int MAX_LABEL = 63;
  private static final int MAX_NAME = 253;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
  private final DataOutputStream out = new DataOutputStream(bytes);

  private DnsWriter() {}

  static byte[] write(DnsMessage message) {
    try {
      var writer = new DnsWriter();
      writer.message(message);
      return writer.bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("bytes are written into memory", e);
    }
  }

  /** Whether this can be a name: labels of 1 to 63 bytes, 253 in all. */
  static boolean isName(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME
        && labels(name).stream().noneMatch(label -> label.isEmpty() || size(label) > MAX_LABEL);
  }

  private static int size(String label) {
    return label.getBytes(StandardCharsets.UTF_8).length;
  }

  private static List<String> labels(String name) {
    var text = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    return text.isEmpty() ? List.of() : List.of(text.split("\\.", -1));
  }

  private void message(DnsMessage message) throws IOException {
    out.writeShort(message.id());
    out.writeShort(message.isResponse() ? AUTHORITATIVE_RESPONSE : 0);
    out.writeShort(message.questions().size());
    out.writeShort(message.records().size());
    out.writeInt(0);
    for (var question : message.questions()) {
      name(question.name());
      out.writeShort(question.type());
      out.writeShort(INTERNET | (question.unicast() ? UNICAST : 0));
    }
    for (var record : message.records()) {
      record(record);
    }
  }

  private void record(DnsRecord record) throws IOException {
    var data = new DnsWriter();
    int type = data.data(record);
    name(record.name());
    out.writeShort(type);
    // Without the bit that makes others forget: several instances on one host share its name.
    out.writeShort(INTERNET);
    out.writeInt((int) record.ttl());
    out.writeShort(data.bytes.size());
    data.bytes.writeTo(out);
  }

  private int data(DnsRecord record) throws IOException {
    if (record instanceof DnsRecord.Pointer pointer) {
      name(pointer.target());
      return DnsRecord.PTR;
    }
    if (record instanceof DnsRecord.Service service) {
      out.writeInt(0);
      out.writeShort(service.port());
      name(service.target());
      return DnsRecord.SRV;
    }
    if (record instanceof DnsRecord.Text text) {
      for (var one : text.texts()) {
        var encoded = one.getBytes(StandardCharsets.UTF_8);
        out.writeByte(encoded.length);
        out.write(encoded);
      }
      return DnsRecord.TXT;
    }
    if (record instanceof DnsRecord.Address address) {
      var encoded = address.address().getAddress();
      out.write(encoded);
      return encoded.length == 4 ? DnsRecord.A : DnsRecord.AAAA;
    }
    throw new IllegalArgumentException("no such record: " + record);
  }

  private void name(String name) throws IOException {
    for (var label : labels(name)) {
      var encoded = label.getBytes(StandardCharsets.UTF_8);
      out.writeByte(encoded.length);
      out.write(encoded);
    }
    out.writeByte(0);
  }
}
