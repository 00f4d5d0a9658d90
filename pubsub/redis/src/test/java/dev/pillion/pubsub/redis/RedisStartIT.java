// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.ComponentHealth;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runtimes that start while their server is down. */
@Timeout(60)
class RedisStartIT {
  private RedisServer redis;

  @BeforeEach
  void stoppedServer() {
    redis = RedisServer.start();
    redis.stop();
  }

  @AfterEach
  void close() {
    redis.close();
  }

  private EmbeddedRuntime.Builder shop(Duration initTimeout, boolean ignoreErrors) {
    var metadata = ComponentMetadata.of(Map.of("redisHost", redis.host() + ":" + redis.port()));
    return EmbeddedRuntime.builder(Bus.GROUP)
        .environment(Map.of())
        .component(
            new ComponentSpec("bus", "pubsub.redis", "v1", metadata, initTimeout, ignoreErrors));
  }

  @Test
  void aServerThatStaysDownFailsTheStartWhenTheInitTimeoutIsOver() {
    var timeout = Duration.ofSeconds(1);
    long begin = System.nanoTime();
    assertThatThrownBy(shop(timeout, false)::start)
        .isInstanceOfSatisfying(
            ComponentException.class, e -> assertThat(e.isTransient()).isTrue())
        .hasMessageContaining("bus")
        .hasStackTraceContaining(redis.host() + ":" + redis.port());
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(timeout.dividedBy(2), timeout.plusSeconds(4));
  }

  @Test
  void aServerThatComesUpWithinTheInitTimeoutIsWaitedFor() throws Exception {
    var starting = new FutureTask<>(shop(Duration.ofSeconds(30), false)::start);
    new Thread(starting).start();
    assertThatThrownBy(() -> starting.get(500, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    redis.restart();
    try (var runtime = starting.get()) {
      Queue<String> handled = new ConcurrentLinkedQueue<>();
      runtime.subscribe(
          "bus", "news", byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
            handled.add(new String(event.requireData(), UTF_8));
            return DeliveryResult.SUCCESS;
          });
      runtime
          .topic("bus", "news")
          .publish("here", PublishOptions.defaults().contentType("text/plain"));
      Bus.eventually(() -> assertThat(handled).containsExactly("here"));
    }
  }

  @Test
  void withIgnoreErrorsTheRuntimeStartsWithoutIt() {
    try (var runtime = shop(Duration.ofMillis(300), true).start()) {
      assertThat(runtime.health(Duration.ofSeconds(1))).singleElement().satisfies(health -> {
        assertThat(health.status()).isEqualTo(ComponentHealth.Status.ABSENT);
        assertThat(health.reason()).contains(redis.host() + ":" + redis.port());
      });
      assertThatThrownBy(() -> runtime.topic("bus", "news").publish("lost?"))
          .hasMessageContaining("bus");
    }
  }
}
