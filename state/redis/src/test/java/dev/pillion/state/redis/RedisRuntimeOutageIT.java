// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentSpec;
import dev.pillion.runtime.ComponentHealth;
import dev.pillion.runtime.ComponentHealth.Status;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** One of a runtime's components loses its backend, and gets it back. */
@Timeout(60)
@ExtendWith(RealServers.class)
class RedisRuntimeOutageIT {
  @Test
  void anOutageDegradesItsComponentAloneAndHeals(RedisServer redis) {
    try (var proxy = FaultProxy.to(redis.host(), redis.port());
        var runtime = EmbeddedRuntime.builder("outage")
            .component(ComponentSpec.of(
                "remote",
                "state.redis",
                Map.of("redisHost", proxy.host() + ":" + proxy.port(), "readTimeout", "500ms")))
            .component(ComponentSpec.of("local", "state.in-memory", Map.of()))
            .start()) {
      var remote = runtime.state("remote");
      var local = runtime.state("local");
      remote.save("k", 1);
      local.save("k", 1);
      assertThat(status(runtime)).isEqualTo(Map.of("remote", Status.READY, "local", Status.READY));

      proxy.cut();
      for (Runnable call : List.<Runnable>of(
          () -> remote.get("k", Integer.class),
          () -> remote.save("k", 2),
          () -> remote.delete("k"),
          () -> remote.saveAll(Map.of("k", 2, "l", 2)),
          () -> remote.getAll(List.of("k"), Integer.class))) {
        long start = System.nanoTime();
        var failure = catchThrowableOfType(ComponentException.class, call::run);
        assertThat(failure.isTransient()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
      }
      local.save("k", 2);
      assertThat(local.get("k", Integer.class)).contains(2);
      var health = health(runtime);
      assertThat(health.get("remote").status()).isEqualTo(Status.DEGRADED);
      assertThat(health.get("remote").reason()).contains(proxy.host() + ":" + proxy.port());
      assertThat(health.get("local")).isEqualTo(new ComponentHealth("local", Status.READY, null));

      proxy.heal();
      TestTime.await(
          "the component to be ready", () -> status(runtime).get("remote") == Status.READY);
      assertThat(remote.get("k", Integer.class)).contains(1);
      remote.save("k", 3);
      assertThat(remote.get("k", Integer.class)).contains(3);
    }
  }

  private static Map<String, ComponentHealth> health(EmbeddedRuntime runtime) {
    return runtime.health(Duration.ofSeconds(1)).stream()
        .collect(Collectors.toMap(ComponentHealth::name, Function.identity()));
  }

  private static Map<String, Status> status(EmbeddedRuntime runtime) {
    return runtime.health(Duration.ofSeconds(1)).stream()
        .collect(Collectors.toMap(ComponentHealth::name, ComponentHealth::status));
  }
}
