// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealServers.class)
class SharedServersIT {
  private static final AtomicReference<RedisServer> FIRST = new AtomicReference<>();

  @BeforeAll
  static void remember(RedisServer redis) {
    FIRST.set(redis);
  }

  @Test
  void serves(RedisServer redis) throws IOException {
    assertThat(redis).isSameAs(FIRST.get());
    try (RespConnection connection = redis.connect()) {
      assertThat(connection.text("PING")).isEqualTo("PONG");
    }
  }

  @Nested
  class AnotherClass {
    @Test
    void sharesTheServer(RedisServer redis) {
      assertThat(redis).isSameAs(FIRST.get());
    }

    @Test
    void hasTopicsOfItsOwn(KafkaServer kafka) {
      kafka.createTopic("orders-" + UUID.randomUUID(), 2);
    }

    @Test
    void hasDatabasesOfItsOwn(PostgresServer postgres) throws SQLException {
      String url = postgres.newDatabase();
      assertThat(url).isNotEqualTo(postgres.jdbcUrl());
      try (Connection connection =
          DriverManager.getConnection(url, postgres.user(), postgres.password())) {
        assertThat(connection.isValid(5)).isTrue();
      }
    }
  }
}
