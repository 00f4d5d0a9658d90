// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRowCleanup;
import dev.pillion.connections.jdbc.SqlIdentifier;
import dev.pillion.connections.sqlite.MetadataTable;
import dev.pillion.connections.sqlite.OpenedDatabase;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * State in a SQLite file, in the tables and encodings of Dapr's {@code state.sqlite}: a daprd may
 * use the same file at the same time.
 *
 * <p>A write returns after it was synced to the disk ({@code synchronous=FULL}); writes that come
 * at the same time share one sync. Expiry counts in whole seconds of the wall clock. The file must
 * lie on a local disk. An in-memory database ({@code :memory:}) belongs to its component alone.
 */
public final class SqliteStateStore implements TransactionalStateStore {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteStateStore.class);

  /**
   * A row of the SQLite that a daprd is built with has at most 1,000,000,000 bytes, key included,
   * and bytes lie in it as base64.
   */
  static final int MAX_VALUE_SIZE = 700_000_000;

  private final OpenedDatabase database;
  private final String tableName;
  private final MetadataTable metadata;
  private final StateTable table;
  private final Duration cleanupInterval;
  private volatile @Nullable ExpiredRowCleanup cleanup;

  private SqliteStateStore(Builder builder) {
    database = new OpenedDatabase(builder.settings);
    tableName = Objects.requireNonNullElse(builder.tableName, Builder.TABLE_NAME);
    metadata = new MetadataTable(
        Objects.requireNonNullElse(builder.metadataTableName, Builder.METADATA_TABLE_NAME), "");
    table = new StateTable(tableName);
    cleanupInterval = Objects.requireNonNullElse(builder.cleanupInterval, Duration.ZERO);
  }

  /** A store in this file, with Dapr's defaults; the file's directory must exist. */
  public static SqliteStateStore at(Path file) {
    return builder(SqliteSettings.at(file)).build();
  }

  /** A store whose settings are given one by one. */
  public static Builder builder(SqliteSettings settings) {
    return new Builder(settings);
  }

  @Override
  public String type() {
    return "state.sqlite";
  }

  @Override
  public void open(ComponentContext context) {
    database.open(context.time(), opened -> {
      metadata.migrate(opened, tableName, StateTable.creations(tableName), context.deadline());
      var expired = new ExpiredState(opened, tableName, metadata);
      cleanup = ExpiredRowCleanup.start(cleanupInterval, expired, context);
    });
    LOG.info("state store \"{}\" is open on sqlite database \"{}\"", context.name(), database);
  }

  @Override
  public void probe(Deadline deadline) {
    database.get().read(table::probe, deadline);
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    return database.get().read(session -> table.get(session, key), deadline);
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    var found = new LinkedHashMap<String, StoredValue>();
    var failures = new LinkedHashMap<String, BuildingBlockException>();
    return database
        .get()
        .read(
            session -> {
              found.clear();
              failures.clear();
              table.getAll(session, keys, found, failures);
              return new BulkRead(found, failures);
            },
            deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    var write = table.write(change);
    if (!database.get().writeOne(write, deadline)) {
      throw change.mismatch();
    }
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    if (changes.isEmpty()) {
      return Map.of();
    }
    var writes = changes.stream().map(table::write).toList();
    var failures = new LinkedHashMap<Integer, BuildingBlockException>();
    try {
      var applied = database
          .get()
          .write(
              session -> {
                var outcomes = new boolean[writes.size()];
                for (int i = 0; i < outcomes.length; i++) {
                  outcomes[i] = writes.get(i).run(session);
                }
                return outcomes;
              },
              deadline);
      for (int i = 0; i < applied.length; i++) {
        if (!applied[i]) {
          failures.put(i, changes.get(i).mismatch());
        }
      }
    } catch (ComponentException e) {
      if (!e.isTransient()) {
        // One of them is refused and took the others along: each by itself then.
        return TransactionalStateStore.super.applyAll(changes, deadline);
      }
      failAll(failures, changes.size(), e);
    } catch (BuildingBlockException e) {
      failAll(failures, changes.size(), e);
    }
    return failures;
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    if (changes.isEmpty()) {
      return;
    }
    if (changes.size() == 1) {
      apply(changes.get(0), deadline);
      return;
    }
    var writes = changes.stream().map(table::write).toList();
    database
        .get()
        .write(
            session -> {
              for (int i = 0; i < writes.size(); i++) {
                if (!writes.get(i).run(session)) {
                  throw changes.get(i).mismatch();
                }
              }
              return true;
            },
            deadline);
  }

  @Override
  public int maxValueSize() {
    return MAX_VALUE_SIZE;
  }

  @Override
  public void close() {
    var running = cleanup;
    if (running != null) {
      running.close();
    }
    database.close();
  }

  private static void failAll(
      Map<Integer, BuildingBlockException> failures, int count, BuildingBlockException cause) {
    for (int i = 0; i < count; i++) {
      failures.put(i, cause);
    }
  }

  /** Settings beyond the connection. Each may be set once. */
  public static final class Builder {
    private static final String TABLE_NAME = "state";
    private static final String METADATA_TABLE_NAME = "metadata";

    private final SqliteSettings settings;
    private @Nullable String tableName;
    private @Nullable String metadataTableName;
    private @Nullable Duration cleanupInterval;

    private Builder(SqliteSettings settings) {
      this.settings = settings;
    }

    /** The table of the values; {@code state} by default. */
    public Builder tableName(String name) {
      requireUnset("tableName", tableName);
      tableName = SqlIdentifier.require("tableName", name);
      return this;
    }

    /** The table of the schema's version and the last cleanup; {@code metadata} by default. */
    public Builder metadataTableName(String name) {
      requireUnset("metadataTableName", metadataTableName);
      metadataTableName = SqlIdentifier.require("metadataTableName", name);
      return this;
    }

    /** How often expired rows are deleted; zero or less, the default, means never. */
    public Builder cleanupInterval(Duration interval) {
      requireUnset("cleanupInterval", cleanupInterval);
      cleanupInterval = interval;
      return this;
    }

    /** The store, not yet open. */
    public SqliteStateStore build() {
      return new SqliteStateStore(this);
    }

    private static void requireUnset(String setting, @Nullable Object value) {
      if (value != null) {
        throw new IllegalStateException("%s was already set to %s".formatted(setting, value));
      }
    }
  }

  /** Makes the store from a Dapr component of type {@code state.sqlite}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "state.sqlite";
    }

    @Override
    public List<String> aliases() {
      return List.of("state.sqlite3");
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      return builder(SqliteSettings.read(metadata))
          .tableName(SqlIdentifier.read(metadata, "tableName", Builder.TABLE_NAME))
          .metadataTableName(
              SqlIdentifier.read(metadata, "metadataTableName", Builder.METADATA_TABLE_NAME))
          .cleanupInterval(
              metadata.duration("cleanupInterval", Duration.ZERO, "cleanupIntervalInSeconds"))
          .build();
    }
  }
}
