// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.io.TempDir;

/** In a SQLite file of the program's. */
class SqliteOutboxTest extends OutboxScenarios {
  @TempDir
  private Path folder;

  @Override
  List<String> processArguments() {
    return List.of(
        "jdbc:sqlite:" + folder.resolve("program.db") + "?journal_mode=WAL&busy_timeout=20000");
  }

  @Override
  DataSource dataSource() {
    return RelayProcess.dataSource(processArguments());
  }
}
