// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of what is heard. */
class KnownTest {
  private final ManualTime time = new ManualTime();
  private final Known known = new Known(time);

  @BeforeEach
  void ask() {
    known.expect("orders");
  }

  private static InetAddress ip(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private static List<DnsRecord> records(String instance, int port, long ttl, String... addresses) {
    var records = new ArrayList<DnsRecord>();
    var name = instance + ".orders.local.";
    records.add(new DnsRecord.Pointer("orders.local.", ttl, name));
    records.add(new DnsRecord.Service(name, 3200, port, instance + ".local."));
    records.add(new DnsRecord.Text(name, 3200, List.of("orders")));
    for (var address : addresses) {
      records.add(new DnsRecord.Address(instance + ".local.", 120, ip(address)));
    }
    return records;
  }

  private void hear(List<DnsRecord> records) {
    known.hear(
        DnsMessage.response(records), address -> Multicast.isReachable(address, ip("10.9.9.9")));
  }

  private List<String> found() {
    return known.addresses("orders").stream()
        .map(PeerAddress::toString)
        .sorted()
        .toList();
  }

  @Test
  void instancesAreCollected() {
    hear(records("a", 1, 3200, "10.0.0.1"));
    hear(records("b", 2, 3200, "10.0.0.2"));
    hear(records("b", 3, 3200, "10.0.0.2"));
    assertThat(found()).containsExactly("10.0.0.1:1", "10.0.0.2:3");
  }

  @Test
  void anInstanceThatSaysGoodbyeIsForgottenAtOnce() {
    hear(records("a", 1, 3200, "10.0.0.1"));
    hear(records("b", 2, 3200, "10.0.0.2"));
    hear(records("a", 1, 0, "10.0.0.1"));
    assertThat(found()).containsExactly("10.0.0.2:2");
  }

  @Test
  void anInstanceThatIsNotHeardAgainForAMinuteIsForgotten() {
    hear(records("a", 1, 3200, "10.0.0.1"));
    time.advance(Duration.ofSeconds(59));
    hear(records("b", 2, 3200, "10.0.0.2"));
    assertThat(found()).hasSize(2);
    time.advance(Duration.ofSeconds(1));
    assertThat(found()).containsExactly("10.0.0.2:2");
  }

  @Test
  void oneThatAsksToBeForgottenEarlierIs() {
    hear(records("a", 1, 10, "10.0.0.1"));
    time.advance(Duration.ofSeconds(10));
    assertThat(found()).isEmpty();
  }

  @Test
  void anAnswerWithoutATextOrWithAnotherIsNotUsed() {
    var without = records("a", 1, 3200, "10.0.0.1");
    without.remove(2);
    hear(without);
    var other = records("b", 2, 3200, "10.0.0.2");
    other.set(2, new DnsRecord.Text("b.orders.local.", 3200, List.of("orders", "stock")));
    hear(other);
    var none = records("c", 2, 3200, "10.0.0.2");
    none.set(2, new DnsRecord.Text("c.orders.local.", 3200, List.of()));
    hear(none);
    assertThat(found()).isEmpty();
  }

  @Test
  void addressesOfIpv4ComeFirst() {
    hear(records("a", 1, 3200, "fd00::1", "10.0.0.1", "10.0.0.2"));
    assertThat(found()).containsExactly("10.0.0.1:1");
    hear(records("b", 2, 3200, "fd00::2"));
    assertThat(found()).containsExactly("10.0.0.1:1");
    hear(records("a", 1, 0));
    assertThat(found()).containsExactly("[fd00:0:0:0:0:0:0:2]:2");
  }

  @Test
  void addressesThatCannotBeMeantForThisMachineAreNotUsed() {
    hear(records("a", 1, 3200, "127.0.0.1"));
    hear(records("b", 2, 3200, "fe80::1"));
    hear(records("c", 3, 3200, "224.0.0.1"));
    hear(records("d", 4, 3200, "0.0.0.0"));
    assertThat(found()).isEmpty();
    known.hear(
        DnsMessage.response(records("a", 1, 3200, "127.0.0.1")),
        address -> Multicast.isReachable(address, ip("127.0.0.1")));
    assertThat(found()).containsExactly("127.0.0.1:1");
  }

  @Test
  void addressesOfOtherHostsAndOtherAppsAreNotTaken() {
    var foreign = records("a", 1, 3200);
    foreign.add(new DnsRecord.Address("b.local.", 120, ip("10.0.0.9")));
    hear(foreign);
    assertThat(found()).isEmpty();
    assertThat(known.addresses("stock")).isEmpty();
  }

  @Test
  void thoseWhoWaitShareAQuestion() {
    known.expect("orders");
    assertThat(known.shouldAsk("orders")).isTrue();
    assertThat(known.shouldAsk("orders")).isFalse();
    time.advance(Duration.ofMillis(250));
    assertThat(known.shouldAsk("orders")).isTrue();
  }

  @Test
  void anAppOfWhichNothingIsHeardTakesNoRoom() {
    assertThat(known.toRefresh()).containsExactly("orders");
    known.doneWaiting("orders");
    assertThat(known.toRefresh()).isEmpty();
    hear(records("a", 1, 3200, "10.0.0.1"));
    assertThat(found()).isEmpty();
  }

  @Test
  void whoeverAnswersForAThousandInstancesIsNotHeardAnyMore() {
    for (int i = 0; i < 1_200; i++) {
      hear(records("i" + i, 1 + i, 3200, "10.0.0.1"));
    }
    assertThat(found()).hasSize(1_000);
  }
}
