// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A machine between two networks, and one that is a router away. */
@Timeout(120)
class MdnsNetworksIT {
  private static Networks networks;

  private final String appId = "app-" + UUID.randomUUID();

  @BeforeAll
  static void connect() throws Exception {
    networks = Networks.of("middle", "left", "right", "far");
    networks.link("middle", "10.77.1.1/24", "left", "10.77.1.2/24");
    networks.link("middle", "10.77.2.1/24", "right", "10.77.2.2/24");
    networks.link("left", "10.77.3.1/24", "far", "10.77.3.2/24");
    networks.forwards("left");
    networks.route("far", "default", "10.77.3.1");
    networks.route("middle", "10.77.3.0/24", "10.77.1.2");
    networks.address("left", "middle", "192.168.77.2/24");
    networks.route("middle", "192.168.77.0/24", "10.77.1.2");
  }

  @AfterAll
  static void disconnect() throws Exception {
    if (networks != null) {
      networks.close();
    }
  }

  private MdnsProgram serve(String machine, String host) throws Exception {
    var program = MdnsProgram.start(networks.prefix(machine), "serve", appId, host);
    assertThat(program.said()).isEqualTo("ready");
    return program;
  }

  private String said(String machine, String doing, String further) throws Exception {
    return MdnsProgram.said(networks.prefix(machine), doing, appId, further);
  }

  @Test
  void anAppIsFoundAndFindsThroughEachOfTwoInterfaces() throws Exception {
    try (var middle = serve("middle", "10.77.1.1")) {
      assertThat(said("left", "find", "1")).isEqualTo("[10.77.1.1]");
      assertThat(said("right", "find", "1")).isEqualTo("[10.77.1.1]");
    }
    try (var left = serve("left", "10.77.1.2");
        var right = serve("right", "10.77.2.2")) {
      assertThat(said("middle", "find", "2")).isEqualTo("[10.77.1.2, 10.77.2.2]");
    }
  }

  @Test
  void whoIsARouterAwayGetsNoAnswer() throws Exception {
    try (var middle = serve("middle", "10.77.1.1")) {
      assertThat(said("far", "ask", "10.77.1.1")).isEqualTo("reached, not answered");
      assertThat(said("left", "ask", "224.0.0.251")).isEqualTo("reached, answered");
    }
  }

  /**
   * Who is not on its own subnet is no reason for a host to believe a packet that came to it alone.
   */
  @Test
  void whoAsksFromAnotherSubnetOfTheLinkIsAnsweredAsEverybody() throws Exception {
    try (var middle = serve("middle", "10.77.1.1")) {
      assertThat(said("left", "ask-all", "192.168.77.2")).isEqualTo("answered to all");
    }
  }
}
