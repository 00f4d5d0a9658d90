// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes on one file, one of which is killed. */
class SqliteProcessesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  @TempDir
  Path folder;

  private final RealTime time = new RealTime();
  private SqliteNameResolver resolver;
  private Process first;
  private Process second;

  @BeforeEach
  void start() throws Exception {
    var file = folder.resolve("names.db");
    // Both find an empty folder: their migrations meet.
    first = RegisteringProcess.start(file, "orders", 50_002);
    second = RegisteringProcess.start(file, "orders", 50_003);
    resolver = SqliteNameResolver.at(file);
    resolver.open(new ComponentContext(
        "web", "", "nr", time, new PlainThreads(), Deadline.after(PATIENCE, time)));
  }

  @AfterEach
  void stop() {
    first.destroyForcibly();
    second.destroyForcibly();
    resolver.close();
    time.close();
  }

  private List<Integer> ports() {
    return resolver.resolve("orders", "", Deadline.after(PATIENCE, time)).addresses().stream()
        .map(PeerAddress::port)
        .sorted()
        .toList();
  }

  @Test
  void processesFindEachOtherUntilOneLeavesAndOneDies() throws Exception {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(ports())
        .containsExactly(50_002, 50_003));
    // Longer than a row lives: both renew.
    await().during(Duration.ofSeconds(7)).atMost(Duration.ofSeconds(20)).until(() -> ports()
        .equals(List.of(50_002, 50_003)));

    second.getOutputStream().close();
    assertThat(second.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isZero();
    assertThat(ports()).as("it has deregistered").containsExactly(50_002);

    first.destroyForcibly().waitFor();
    long killed = System.nanoTime();
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(ports()).isEmpty());
    assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(7));
  }
}
