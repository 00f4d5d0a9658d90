// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.invocation.mdns.DnsMessage.DnsQuestion;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of this runtime, as Dapr's specification has it. */
class OwnRecordsTest {
  private static final String INSTANCE = "hostB:4711-50002.orders.local.";

  private static OwnRecords records(String appId, String host) {
    return OwnRecords.of(
        new AppInstance(appId, "prod", new PeerAddress("10.0.0.2", 50_002), 0), host, 4711);
  }

  private static List<DnsRecord> answers(String name, int type) {
    return records("orders", "hostB").answers(new DnsQuestion(name, type, false));
  }

  @Test
  void theServiceTypeIsTheBareAppId() throws Exception {
    var all = List.of(
        new DnsRecord.Pointer("orders.local.", 3200, INSTANCE),
        new DnsRecord.Service(INSTANCE, 3200, 50_002, "hostB.local."),
        new DnsRecord.Text(INSTANCE, 3200, List.of("orders")),
        new DnsRecord.Address("hostB.local.", 120, InetAddress.getByName("10.0.0.2")));
    assertThat(answers("orders.local.", DnsRecord.PTR)).isEqualTo(all);
    assertThat(answers("orders.local.", DnsRecord.ANY)).isEqualTo(all);
    assertThat(answers(INSTANCE, DnsRecord.SRV)).isEqualTo(all);
    assertThat(answers("_services._dns-sd._udp.local.", DnsRecord.PTR))
        .containsExactly(
            new DnsRecord.Pointer("_services._dns-sd._udp.local.", 3200, "orders.local."));
  }

  @Test
  void questionsAboutOthersHaveNoAnswer() {
    assertThat(answers("stock.local.", DnsRecord.PTR)).isEmpty();
    assertThat(answers("orders.local.", DnsRecord.A)).isEmpty();
    assertThat(answers("hostB.local.", DnsRecord.A)).isEmpty();
  }

  @Test
  void aGoodbyeTakesBackAllButTheHost() {
    assertThat(records("orders", "hostB").goodbye())
        .extracting(DnsRecord::ttl)
        .containsExactly(0L, 0L, 0L, 120L);
  }

  @Test
  void aHostNameMayHaveDotsOrEndInLocal() {
    assertThat(records("orders", "a.example.org").toString())
        .isEqualTo("a.example.org:4711-50002.orders.local.");
    assertThat(records("orders", "mac.local").all().get(1))
        .isEqualTo(new DnsRecord.Service(
            "mac.local:4711-50002.orders.local.", 3200, 50_002, "mac.local."));
  }

  @Test
  void whatCannotBeANameIsRefused() {
    assertThatThrownBy(() -> records("x".repeat(64), "hostB"))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("at most 63 characters");
    assertThatThrownBy(() -> records("orders", "h".repeat(60)))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("can't be a name of DNS");
  }
}
