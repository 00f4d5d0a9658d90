// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** docs/outbox.md shows the tables as they are made. */
class OutboxPageTest {
  @Test
  void theTablesAreThoseOfThePage() throws IOException {
    var page = Files.readString(Path.of("..", "..", "docs", "outbox.md"));
    for (var table :
        new OutboxTable[] {new PostgresTable("pillion_outbox"), new SqliteTable("pillion_outbox")
        }) {
      assertThat(page).contains(String.join(";\n", table.ddl()) + ";\n");
    }
  }
}
