// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.testkit.RegistrationContract;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class SqliteNameResolverContractTest extends RegistrationContract {
  @TempDir
  Path folder;

  private final CapturedLog log = new CapturedLog(SqliteNameResolver.class.getPackageName());

  private Path file() {
    return folder.resolve("names.db");
  }

  @Override
  protected NameResolverComponent component() {
    return SqliteNameResolver.at(file());
  }

  @Override
  protected boolean makeStale(AppInstance instance) {
    try (var raw = new RawDatabase(file())) {
      raw.execute("UPDATE hosts SET last_update = last_update - 5 WHERE address = '%s'"
          .formatted(instance.address()));
    }
    return true;
  }

  @Override
  protected boolean forget(AppInstance instance) {
    try (var raw = new RawDatabase(file())) {
      raw.execute("DELETE FROM hosts WHERE address = '%s'".formatted(instance.address()));
    }
    return true;
  }

  @Override
  protected Duration renewal() {
    return Duration.ofSeconds(4);
  }

  /** Another process that is stopped in the middle of a write. */
  @Override
  protected Optional<Outage> outage() {
    var raw = new RawDatabase(file());
    return Optional.of(new Outage() {
      @Override
      public void begin() {
        raw.execute("BEGIN IMMEDIATE");
      }

      @Override
      public void end() {
        raw.execute("ROLLBACK");
        raw.close();
      }
    });
  }

  @Override
  protected long warnings() {
    return log.warnings().size();
  }

  @AfterEach
  void stopCounting() {
    log.close();
  }
}
