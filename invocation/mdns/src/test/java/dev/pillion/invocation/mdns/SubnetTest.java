// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which senders are on a link of this machine. */
class SubnetTest {
  private static InetAddress address(String literal) throws Exception {
    return InetAddress.getByName(literal);
  }

  private static List<Subnet> here() throws Exception {
    return List.of(
        new Subnet(address("10.1.2.3"), 20),
        new Subnet(address("192.0.2.1"), 32),
        new Subnet(address("fd00:1::5"), 64));
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.4, true",
    "10.1.15.255, true",
    "10.1.16.0, false",
    "10.0.15.1, false",
    "192.0.2.1, true",
    "192.0.2.2, false",
    "203.0.113.9, false",
    "127.0.0.1, true",
    "169.254.9.9, true",
    "fd00:1::9, true",
    "fd00:1:0:1::9, false",
    "fe80::9, true",
    "::1, true",
    "2001:db8::1, false"
  })
  void anAddressIsOnTheLinkWithTheFirstBitsOfAnAddressOfThisMachine(String source, boolean isOnLink)
      throws Exception {
    assertThat(Subnet.isOnLink(address(source), here())).isEqualTo(isOnLink);
  }

  @Test
  void theAddressesOfThisMachineAreOnItsLinks() throws Exception {
    var here = Subnet.here();
    assertThat(here).isNotEmpty();
    for (var subnet : here) {
      assertThat(subnet.contains(subnet.own())).isTrue();
    }
  }
}
