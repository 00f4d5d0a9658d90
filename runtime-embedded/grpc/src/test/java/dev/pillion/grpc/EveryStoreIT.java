// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import dev.pillion.testservers.RedisServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The contract of state stores on every store, through the runtime and over the wire; the bare
 * doors are with the stores. Most of the time passes until values have expired, so several tests
 * run side by side.
 */
@ExtendWith(RealServers.class)
@Execution(ExecutionMode.CONCURRENT)
class EveryStoreIT {
  /**
   * One store behind a runtime with a facade; which of the two is asked is the subclass's choice.
   */
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class Door extends StateStoreContract {
    private TestFacade facade;

    void open(String type, String version, ComponentMetadata metadata) {
      // Servers and stores of several classes start at the same time here.
      var spec = new ComponentSpec(
          TestFacade.STORE, type, version, metadata, Duration.ofSeconds(30), false);
      facade = TestFacade.start(TestFacade.facade(), builder -> builder.component(spec));
    }

    @AfterAll
    void close() {
      facade.close();
    }

    StateStore runtime() {
      return facade.runtime().state(TestFacade.STORE);
    }

    StateStore wire() {
      return new FacadeStateStore(TestFacade.STORE, facade.channel());
    }
  }

  abstract static class Sqlite extends Door {
    @BeforeAll
    void open(@TempDir Path folder) {
      var file = folder.resolve("state.db").toString();
      open("state.sqlite", "v1", ComponentMetadata.of(Map.of("connectionString", file)));
    }
  }

  abstract static class Redis extends Door {
    @BeforeAll
    void open(RedisServer server) {
      open("state.redis", "v1", ComponentMetadata.of(redis(server)));
    }
  }

  abstract static class Postgres extends Door {
    abstract String version();

    @BeforeAll
    void open(PostgresServer server) {
      open(
          "state.postgresql",
          version(),
          ComponentMetadata.of(Map.of("connectionString", urlOf(server))));
    }
  }

  private static Map<String, String> redis(RedisServer server) {
    return Map.of("redisHost", server.host() + ":" + server.port());
  }

  private static String urlOf(PostgresServer server) {
    var url = server.newDatabase().substring("jdbc:".length());
    return url + (url.contains("?") ? "&" : "?") + "user=" + server.user() + "&password="
        + server.password();
  }

  @Nested
  @DisplayName("SQLite through the runtime")
  class SqliteThroughRuntime extends Sqlite {
    @Override
    protected StateStore store() {
      return runtime();
    }
  }

  @Nested
  @DisplayName("SQLite over the wire")
  class SqliteOverTheWire extends Sqlite {
    @Override
    protected StateStore store() {
      return wire();
    }
  }

  @Nested
  @DisplayName("Redis through the runtime")
  class RedisThroughRuntime extends Redis {
    @Override
    protected StateStore store() {
      return runtime();
    }
  }

  @Nested
  @DisplayName("Redis over the wire")
  class RedisOverTheWire extends Redis {
    @Override
    protected StateStore store() {
      return wire();
    }
  }

  @Nested
  @DisplayName("PostgreSQL v1 through the runtime")
  class Postgres1ThroughRuntime extends Postgres {
    @Override
    String version() {
      return "v1";
    }

    @Override
    protected StateStore store() {
      return runtime();
    }
  }

  @Nested
  @DisplayName("PostgreSQL v1 over the wire")
  class Postgres1OverTheWire extends Postgres {
    @Override
    String version() {
      return "v1";
    }

    @Override
    protected StateStore store() {
      return wire();
    }
  }

  @Nested
  @DisplayName("PostgreSQL v2 through the runtime")
  class Postgres2ThroughRuntime extends Postgres {
    @Override
    String version() {
      return "v2";
    }

    @Override
    protected StateStore store() {
      return runtime();
    }
  }

  @Nested
  @DisplayName("PostgreSQL v2 over the wire")
  class Postgres2OverTheWire extends Postgres {
    @Override
    String version() {
      return "v2";
    }

    @Override
    protected StateStore store() {
      return wire();
    }
  }

  @Nested
  @DisplayName("encrypted Redis over the wire")
  class EncryptedRedisOverTheWire extends Door {
    @BeforeAll
    void open(RedisServer server) {
      var settings = new HashMap<>(redis(server));
      settings.put("primaryEncryptionKey", "000102030405060708090a0b0c0d0e0f");
      open(
          "state.redis",
          "v1",
          ComponentMetadata.of(settings, Map.of("primaryEncryptionKey", "state-key")));
    }

    @Override
    protected StateStore store() {
      return wire();
    }
  }
}
