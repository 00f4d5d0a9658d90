// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class FaultProxyIT {
  private final String key = UUID.randomUUID().toString();
  private final RedisServer redis;
  private final FaultProxy proxy;

  FaultProxyIT(RedisServer redis) {
    this.redis = redis;
    this.proxy = FaultProxy.to(redis.host(), redis.port());
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  @Test
  void passesBytesAndCountsThem() throws IOException {
    try (RespConnection connection = open()) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
      assertThat(proxy.requestBytes()).isEqualTo("*1\r\n$4\r\nPING\r\n".length());
      assertThat(proxy.replyBytes()).isEqualTo("+PONG\r\n".length());
      assertThat(proxy.accepted()).isEqualTo(1);
      String large = "x".repeat(3_000_000);
      assertThat(connection.text("SET", key, large)).isEqualTo("OK");
      assertThat(connection.text("GET", key)).isEqualTo(large);
    }
  }

  @Test
  void cutResetsConnectionsAndRefusesNewOnesUntilHealed() throws IOException {
    try (RespConnection connection = open()) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
      proxy.cut();
      assertThatThrownBy(() -> connection.call("PING")).hasCauseInstanceOf(IOException.class);
      assertThatThrownBy(this::open).isInstanceOf(ConnectException.class);
    }
    proxy.heal();
    try (RespConnection connection = open()) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void delayHoldsRepliesInOrderAndHealingReleasesThem() throws IOException {
    try (RespConnection connection = open()) {
      connection.call("PING");
      proxy.delay(Duration.ofMillis(200));
      long start = System.nanoTime();
      assertThat(connection.text("SET", key, "1")).isEqualTo("OK");
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isGreaterThanOrEqualTo(Duration.ofMillis(200));

      proxy.delay(Duration.ofHours(1));
      Thread healer = new Thread(() -> {
        Await.until(Duration.ofSeconds(5), () -> "the held command was not executed", () -> value()
            .equals("2"));
        proxy.heal();
      });
      healer.start();
      assertThat(connection.text("INCR", key)).isEqualTo("2");
    }
  }

  @Test
  void stallSwallowsRequestsAndHealingResetsTheConnection() throws IOException {
    try (RespConnection before = open(Duration.ofMillis(300))) {
      before.call("PING");
      proxy.stall();
      assertThatThrownBy(() -> before.call("SET", key, "swallowed"))
          .hasCauseInstanceOf(SocketTimeoutException.class);
      try (RespConnection during = open(Duration.ofMillis(300))) {
        assertThatThrownBy(() -> during.call("PING"))
            .hasCauseInstanceOf(SocketTimeoutException.class);
      }
      assertThat(value()).isEqualTo("null");
      proxy.heal();
      assertThatThrownBy(() -> before.call("PING")).hasCauseInstanceOf(IOException.class);
    }
    try (RespConnection after = open()) {
      assertThat(after.text("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void stalledRepliesHideWhatTheServerDid() throws IOException {
    try (RespConnection connection = open(Duration.ofMillis(300))) {
      connection.call("PING");
      proxy.stallReplies();
      assertThatThrownBy(() -> connection.call("SET", key, "done"))
          .hasCauseInstanceOf(SocketTimeoutException.class);
      assertThat(value()).isEqualTo("done");
    }
  }

  @Test
  void aClosedProxyRefusesAndLeavesNoThreads() throws IOException {
    try (RespConnection connection = open()) {
      connection.call("PING");
      proxy.close();
      proxy.close();
      assertThatThrownBy(() -> connection.call("PING")).hasCauseInstanceOf(IOException.class);
      assertThatThrownBy(proxy::heal).isInstanceOf(IllegalStateException.class);
      Await.until(
          Duration.ofSeconds(5),
          () -> "threads of the proxy are left",
          () -> Thread.getAllStackTraces().keySet().stream()
              .noneMatch(
                  thread -> thread.getName().startsWith("fault-proxy-" + proxy.port() + "-")));
    }
  }

  @Test
  void resetsAClientWhenNobodyServesBehindIt() throws IOException {
    try (FaultProxy lonely = FaultProxy.to("127.0.0.1", Ports.free())) {
      assertThatThrownBy(() -> {
            try (RespConnection connection = RespConnection.open(lonely.host(), lonely.port())) {
              connection.call("PING");
            }
          })
          .hasStackTraceContaining("IOException");
    }
  }

  private RespConnection open() throws IOException {
    return RespConnection.open(proxy.host(), proxy.port());
  }

  private RespConnection open(Duration timeout) throws IOException {
    return RespConnection.open(proxy.host(), proxy.port(), Optional.empty(), timeout);
  }

  private String value() throws IOException {
    try (RespConnection direct = redis.connect()) {
      return direct.text("GET", key);
    }
  }
}
