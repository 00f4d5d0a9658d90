// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Packets as they are on the wire, well-formed and not. */
class DnsMessageTest {
  private static final byte[] HEADER = HexFormat.of().parseHex("000084000000000100000000");

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  private static byte[] join(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (var part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static boolean isWellFormed(byte[] packet) {
    return DnsMessage.read(ByteBuffer.wrap(packet)).isPresent();
  }

  private static DnsMessage full() throws Exception {
    return DnsMessage.response(List.of(
        new DnsRecord.Pointer("orders.local.", 3200, "hostB:4711.orders.local."),
        new DnsRecord.Service("hostB:4711.orders.local.", 3200, 50_002, "hostB.local."),
        new DnsRecord.Text("hostB:4711.orders.local.", 3200, List.of("orders")),
        new DnsRecord.Address("hostB.local.", 120, InetAddress.getByName("10.0.0.2")),
        new DnsRecord.Address("hostB.local.", 120, InetAddress.getByName("fd00::2"))));
  }

  @Test
  void aQueryIsTheseBytes() {
    assertThat(DnsMessage.query("orders.local.", DnsRecord.PTR).toBytes())
        .isEqualTo(hex("0000 0000 0001 0000 0000 0000 06 6f7264657273 05 6c6f63616c 00 000c 0001"));
  }

  @Test
  void anAnswerIsTheseBytes() {
    var address = DnsMessage.response(List.of(
        new DnsRecord.Service("a.local.", 120, 50_002, "b.local."),
        new DnsRecord.Text("a.local.", 0, List.of("orders"))));
    assertThat(address.toBytes())
        .isEqualTo(hex("0000 8400 0000 0002 0000 0000"
            + "01 61 05 6c6f63616c 00 0021 0001 00000078 000f 0000 0000 c352 01 62 05 6c6f63616c 00"
            + "01 61 05 6c6f63616c 00 0010 0001 00000000 0007 06 6f7264657273"));
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    var message = full();
    assertThat(DnsMessage.read(ByteBuffer.wrap(message.toBytes()))).contains(message);
  }

  @Test
  void compressedNamesAreRead() {
    // "orders.local" at 12, "hostB:4711" and a pointer to it.
    var packet = join(
        HEADER,
        hex("06 6f7264657273 05 6c6f63616c 00 000c 8001 00000c80 000d"),
        hex("0a"),
        "hostB:4711".getBytes(StandardCharsets.US_ASCII),
        hex("c00c"));
    assertThat(DnsMessage.read(ByteBuffer.wrap(packet))).hasValueSatisfying(message -> assertThat(
            message.records())
        .containsExactly(new DnsRecord.Pointer("orders.local.", 3200, "hostB:4711.orders.local.")));
  }

  @Test
  void recordsOfOtherKindsAreLeftOut() {
    var packet = join(HEADER, hex("00 002f 0001 00000078 0003 010203"));
    assertThat(DnsMessage.read(ByteBuffer.wrap(packet)))
        .hasValueSatisfying(message -> assertThat(message.records()).isEmpty());
  }

  @Test
  void aNameThatPointsAtItselfOrForwardsIsRefused() {
    assertThat(isWellFormed(join(HEADER, hex("c00c 000c 0001 00000078 0001 00"))))
        .isFalse();
    assertThat(isWellFormed(join(HEADER, hex("c00e c00c 000c 0001 00000078 0001 00"))))
        .isFalse();
    assertThat(isWellFormed(join(HEADER, hex("01 61 c00c 000c 0001 00000078 0001 00"))))
        .isFalse();
    assertThat(isWellFormed(join(HEADER, hex("ffff 000c 0001 00000078 0001 00"))))
        .isFalse();
  }

  @Test
  void labelsOfAnUnknownKindAreRefused() {
    assertThat(isWellFormed(join(HEADER, hex("41 61 00 000c 0001 00000078 0001 00"))))
        .isFalse();
  }

  @Test
  void aNameThatIsTooLongIsRefused() {
    var label = join(hex("3f"), "x".repeat(63).getBytes(StandardCharsets.US_ASCII));
    var tail = hex("00 000c 0001 00000078 0001 00");
    assertThat(isWellFormed(join(HEADER, label, label, label, tail))).isTrue();
    assertThat(isWellFormed(join(HEADER, label, label, label, label, tail))).isFalse();
  }

  @Test
  void aRecordThatDoesNotEndWhereItSaysIsRefused() {
    assertThat(isWellFormed(join(HEADER, hex("00 000c 0001 00000078 0002 00 00"))))
        .isFalse();
    assertThat(isWellFormed(join(HEADER, hex("00 000c 0001 00000078 ffff 00")))).isFalse();
    assertThat(isWellFormed(join(HEADER, hex("00 0010 0001 00000078 0002 05 61 61616161"))))
        .isFalse();
    assertThat(isWellFormed(join(HEADER, hex("00 0001 0001 00000078 0003 0a0000"))))
        .isFalse();
  }

  @Test
  void aMessageThatEndsEarlyIsRefusedWhereverItEnds() throws Exception {
    var whole = full().toBytes();
    for (int length = 0; length < whole.length; length++) {
      assertThat(DnsMessage.read(ByteBuffer.wrap(whole, 0, length)))
          .as("%d bytes", length)
          .isEmpty();
    }
  }

  @Test
  void countsThatLieAreRefused() {
    assertThat(isWellFormed(hex("0000 8400 ffff ffff ffff ffff"))).isFalse();
  }

  @Test
  @SuppressWarnings("SystemOut")
  void whateverComesEndsInAMessageOrInNone() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("[mdns] fuzzing with -Dseed=" + seed);
    var random = new Random(seed);
    var valid = full().toBytes();
    int read = 0;
    for (int round = 0; round < 200_000; round++) {
      byte[] packet;
      if (random.nextInt(4) == 0) {
        packet = new byte[random.nextInt(200)];
        random.nextBytes(packet);
      } else {
        packet = valid.clone();
        for (int i = random.nextInt(6); i >= 0; i--) {
          packet[random.nextInt(packet.length)] =
              (byte) (random.nextBoolean() ? 0xc0 | random.nextInt(4) : random.nextInt(256));
        }
      }
      int length = random.nextInt(8) == 0 ? random.nextInt(packet.length + 1) : packet.length;
      try {
        var message = DnsMessage.read(ByteBuffer.wrap(packet, 0, length));
        if (message.isPresent()) {
          read++;
          for (var record : message.get().records()) {
            assertThat(record.name().length()).isLessThanOrEqualTo(255);
          }
        }
      } catch (RuntimeException e) {
        throw new AssertionError(
            "seed " + seed + ": " + HexFormat.of().formatHex(packet, 0, length), e);
      }
    }
    assertThat(read).as("some of them are well-formed").isPositive();
  }
}
