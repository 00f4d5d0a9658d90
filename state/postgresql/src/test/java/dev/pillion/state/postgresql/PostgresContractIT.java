// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import com.zaxxer.hikari.HikariDataSource;
import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The contract of state stores, on both versions of the tables and on borrowed connections. */
@ExtendWith(RealServers.class)
class PostgresContractIT {
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class Contract extends StateStoreContract {
    private BareStateStore store;

    abstract PostgresStateStore make(PostgresServer server, String url);

    @BeforeAll
    void open(PostgresServer server) {
      store = BareStateStore.open(make(server, server.newDatabase()));
    }

    @AfterAll
    void close() {
      store.close();
    }

    @Override
    protected StateStore store() {
      return store;
    }
  }

  @Nested
  @DisplayName("version 2")
  class Version2 extends Contract {
    @Override
    PostgresStateStore make(PostgresServer server, String url) {
      return PostgresStateStore.at(Databases.withUser(server, url));
    }
  }

  @Nested
  @DisplayName("version 1")
  class Version1 extends Contract {
    @Override
    PostgresStateStore make(PostgresServer server, String url) {
      return PostgresStateStore.builder(Databases.withUser(server, url))
          .version("v1")
          .build();
    }
  }

  @Nested
  @DisplayName("version 2 over the simple protocol")
  class SimpleProtocol extends Contract {
    @Override
    PostgresStateStore make(PostgresServer server, String url) {
      return PostgresStateStore.at(Databases.withUser(server, url) + "&preferQueryMode=simple");
    }
  }

  @Nested
  @DisplayName("the application's data source, not in auto-commit")
  class Borrowed extends Contract {
    private final HikariDataSource dataSource = new HikariDataSource();

    @Override
    PostgresStateStore make(PostgresServer server, String url) {
      dataSource.setJdbcUrl(Databases.withUser(server, url));
      dataSource.setAutoCommit(false);
      return PostgresStateStore.on(dataSource);
    }

    @AfterAll
    void closeDataSource() {
      dataSource.close();
    }
  }
}
