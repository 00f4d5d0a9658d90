// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import dev.pillion.testservers.GoProgram;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Apps of Dapr's library and ours on one network. */
@ExtendWith(MulticastHere.class)
@Timeout(120)
class ZeroconfIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir
  private static Path directory;

  private static Path zeroconf;

  private final RealTime realTime = new RealTime();
  private final List<MdnsNameResolver> opened = new ArrayList<>();
  private final String appId = "app-" + UUID.randomUUID();

  @BeforeAll
  static void build() throws Exception {
    zeroconf = GoProgram.build("zeroconf", directory, "mDNS of Dapr's library");
  }

  @AfterEach
  void close() {
    opened.forEach(MdnsNameResolver::close);
    realTime.close();
  }

  private MdnsNameResolver open(TimeSource time) {
    var resolver = MdnsNameResolver.create();
    opened.add(resolver);
    resolver.open(new ComponentContext(
        "web", "", "nr", time, new PlainThreads(), Deadline.after(PATIENCE, time)));
    return resolver;
  }

  private List<PeerAddress> resolve(MdnsNameResolver resolver) {
    return resolver.resolve(appId, "", Deadline.after(PATIENCE, realTime)).addresses();
  }

  private List<String> browse() throws Exception {
    try (var program = GoProgram.start(zeroconf, "browse", appId, "2")) {
      program.end();
      return program.lines("found ");
    }
  }

  @Test
  void anAppOfTheirsIsFoundUntilItSaysGoodbye() throws Exception {
    var resolver = open(realTime);
    assertThat(resolve(resolver)).isEmpty();
    try (var program = GoProgram.start(zeroconf, "register", appId, "10.1.2.3", "50002")) {
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(resolve(resolver))
          .containsExactly(new PeerAddress("10.1.2.3", 50_002)));
      program.end();
      assertThat(program.lines("left")).hasSize(1);
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(resolve(resolver)).isEmpty());
    }
  }

  @Test
  void anAppOfTheirsThatWasKilledIsForgottenAfterAMinute() throws Exception {
    var time = new ManualTime();
    var resolver = open(time);
    try (var program = GoProgram.start(zeroconf, "register", appId, "10.1.2.3", "50002")) {
      await().atMost(PATIENCE).until(() -> !resolve(resolver).isEmpty());
    }
    // What it said last may still be on its way.
    await().atMost(PATIENCE).until(() -> {
      time.advance(Duration.ofSeconds(60));
      return resolve(resolver).isEmpty();
    });
  }

  @Test
  void severalOfTheirsAndOursAreReplicasOfOneApp() throws Exception {
    open(realTime).register(new AppInstance(appId, "", new PeerAddress("10.1.2.5", 50_004), 0));
    var resolver = open(realTime);
    try (var one = GoProgram.start(zeroconf, "register", appId, "10.1.2.3", "50002");
        var two = GoProgram.start(zeroconf, "register", appId, "10.1.2.4", "50003")) {
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(resolve(resolver))
          .containsExactlyInAnyOrder(
              new PeerAddress("10.1.2.3", 50_002),
              new PeerAddress("10.1.2.4", 50_003),
              new PeerAddress("10.1.2.5", 50_004)));
    }
  }

  @Test
  void anAppOfOursIsFoundByTheirsUntilItSaysGoodbye() throws Exception {
    var registration =
        open(realTime).register(new AppInstance(appId, "", new PeerAddress("10.1.2.5", 50_004), 0));
    assertThat(browse())
        .singleElement()
        .asString()
        .startsWith("found 10.1.2.5:50004 [" + appId + "] ")
        .endsWith(".local.");
    registration.close();
    assertThat(browse()).isEmpty();
  }

  @Test
  void replicasOfOursInOneJvmAreToldApartByTheirs() throws Exception {
    open(realTime).register(new AppInstance(appId, "", new PeerAddress("10.1.2.5", 50_004), 0));
    open(realTime).register(new AppInstance(appId, "", new PeerAddress("fd00::5", 50_005), 0));
    assertThat(browse()).hasSize(2).anyMatch(line -> line.startsWith("found [fd00::5]:50005"));
  }
}
