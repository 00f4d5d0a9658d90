// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.testkit.PubSubComponentContract;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;

class SqlitePubSubContractTest extends PubSubComponentContract {
  @TempDir
  Path folder;

  @Override
  protected PubSubComponent component() {
    return SqlitePubSub.builder(SqliteSettings.at(folder.resolve("pubsub.db")))
        .redeliverInterval(Duration.ofMillis(100))
        .build();
  }
}
