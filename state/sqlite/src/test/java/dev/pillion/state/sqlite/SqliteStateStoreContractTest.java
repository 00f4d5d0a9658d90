// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.state.StateStore;
import dev.pillion.state.testkit.BareStateStore;
import dev.pillion.state.testkit.StateStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a file with a write-ahead log, the way it is used. */
class SqliteStateStoreContractTest extends StateStoreContract {
  @TempDir
  static Path directory;

  private static BareStateStore store;

  @BeforeAll
  static void open() {
    store = BareStateStore.open(SqliteStateStore.at(directory.resolve("state.db")));
  }

  @AfterAll
  static void close() {
    store.close();
  }

  @Override
  protected StateStore store() {
    return store;
  }
}
