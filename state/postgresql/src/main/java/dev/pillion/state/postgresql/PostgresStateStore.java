// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRowCleanup;
import dev.pillion.connections.postgresql.PostgresDatabase;
import dev.pillion.connections.postgresql.PostgresSettings;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * State in PostgreSQL, in the tables of Dapr's {@code state.postgresql}, which daprds may use at
 * the same time. Version 2 keeps bytes and works best; version 1 keeps JSON that SQL can look into.
 *
 * <p>A get, save or delete is one statement in a transaction of its own, and so is a bulk call of
 * one kind of change. A transaction is one round trip when all its changes are saves, or all are
 * deletes, without conditions; else it is two, the second for the commit.
 */
public final class PostgresStateStore implements TransactionalStateStore {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresStateStore.class);

  private static final String TYPE = "state.postgresql";
  private static final String NAME_RULE = "ASCII letters, digits and the characters _ . $";
  private static final String TABLE = "state";
  private static final String METADATA_TABLE = "dapr_metadata";
  private static final Duration CLEANUP_INTERVAL = Duration.ofHours(1);

  private final PostgresDatabase database;
  private final Layout layout;
  private final Duration cleanupInterval;
  private final Reads reads;
  private final Writes writes;
  private final BulkWrites bulkWrites;
  private final ExpiredState expired;
  private @Nullable ExpiredRowCleanup cleanup;

  PostgresStateStore(PostgresDatabase database, Layout layout, Duration cleanupInterval) {
    var statements = new Statements(layout.table(), layout.columns());
    this.database = database;
    this.layout = layout;
    this.cleanupInterval = cleanupInterval;
    this.reads = new Reads(database, statements, layout.columns());
    this.writes = new Writes(database, statements, layout.columns());
    this.bulkWrites = new BulkWrites(writes);
    this.expired = new ExpiredState(database, layout, statements);
  }

  /**
   * A store of version 2 with connections of its own.
   *
   * @param url {@code postgres://user:password@host/database}, {@code host=… user=…}, or
   *     {@code jdbc:postgresql://host/database?user=…}
   */
  public static PostgresStateStore at(String url) {
    return builder(url).build();
  }

  /** A store of version 2 on the application's own connections, which it never closes. */
  public static PostgresStateStore on(DataSource dataSource) {
    return builder(dataSource).build();
  }

  /** A store with connections of its own; the text is that of {@link #at}. */
  public static Builder builder(String url) {
    return new Builder(PostgresSettings.of(url), null);
  }

  /** A store on the application's own connections, which it never closes. */
  public static Builder builder(DataSource dataSource) {
    return new Builder(null, dataSource);
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void open(ComponentContext context) {
    database.open(context, connection -> Migrations.run(connection, layout));
    cleanup = ExpiredRowCleanup.start(cleanupInterval, expired, context);
    LOG.info(
        "state store \"{}\" is open: table \"{}\" at {}", context.name(), layout.table(), database);
  }

  @Override
  public void probe(Deadline deadline) {
    database.probe(deadline);
  }

  @Override
  public int maxValueSize() {
    return layout.columns().maxValueSize();
  }

  @Override
  public void close() {
    if (cleanup != null) {
      cleanup.close();
      cleanup = null;
    }
    database.close();
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    return reads.one(key, deadline);
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    return reads.many(keys, deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    writes.one(change, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    return bulkWrites.each(changes, deadline);
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    if (changes.size() == 1) {
      writes.one(changes.get(0), deadline);
    } else if (!changes.isEmpty()) {
      writes.allOrNone(changes, deadline);
    }
  }

  /** Where its rows are, without secrets. */
  @Override
  public String toString() {
    return "table \"%s\" at %s".formatted(layout.table(), database);
  }

  /** Settings of a store made in code. Each may be set once. */
  public static final class Builder {
    private final @Nullable PostgresSettings settings;
    private final @Nullable DataSource dataSource;
    private final Map<String, Object> set = new HashMap<>();

    private Builder(@Nullable PostgresSettings settings, @Nullable DataSource dataSource) {
      this.settings = settings;
      this.dataSource = dataSource;
    }

    /** Dapr's version of the tables, {@code v1} or {@code v2}; v2 unless set. */
    public Builder version(String version) {
      require(version.equals("v1") || version.equals("v2"), "version", "v1 or v2");
      return set("version", version);
    }

    /** What version 2 puts before the table's name {@code state}; may be a schema and a dot. */
    public Builder tablePrefix(String prefix) {
      require(Layout.isName(prefix), "tablePrefix", NAME_RULE);
      return set("tablePrefix", prefix);
    }

    /** The table of version 1; {@code state} unless set. */
    public Builder tableName(String name) {
      require(Layout.isName(name), "tableName", NAME_RULE);
      return set("tableName", name);
    }

    /** The table of migration levels; {@code dapr_metadata} unless set. */
    public Builder metadataTableName(String name) {
      require(Layout.isName(name), "metadataTableName", NAME_RULE);
      return set("metadataTableName", name);
    }

    /** How often expired rows are deleted; one hour unless set, never when zero. */
    public Builder cleanupInterval(Duration interval) {
      require(!interval.isNegative(), "cleanupInterval", "zero or more");
      return set("cleanupInterval", interval);
    }

    /** How long one call may take; 20 seconds unless set. */
    public Builder timeout(Duration timeout) {
      require(timeout.compareTo(Duration.ofSeconds(1)) >= 0, "timeout", "one second or more");
      return set("timeout", timeout);
    }

    /** Makes the store; it connects when the runtime opens it. */
    public PostgresStateStore build() {
      boolean v1 = get("version", "v2").equals("v1");
      var foreign = v1 ? "tablePrefix" : "tableName";
      if (set.containsKey(foreign)) {
        throw new IllegalStateException(
            "%s is not a setting of version %s".formatted(foreign, get("version", "v2")));
      }
      var metadataTable = get("metadataTableName", METADATA_TABLE);
      var layout = v1
          ? Layout.v1(get("tableName", TABLE), metadataTable)
          : Layout.v2(get("tablePrefix", ""), metadataTable);
      return new PostgresStateStore(database(), layout, get("cleanupInterval", CLEANUP_INTERVAL));
    }

    private PostgresDatabase database() {
      if (settings != null) {
        return PostgresDatabase.at(settings.timeout(get("timeout", settings.timeout())));
      }
      return PostgresDatabase.on(
          Objects.requireNonNull(dataSource, "dataSource"),
          get("timeout", PostgresSettings.DEFAULT_TIMEOUT));
    }

    private Builder set(String name, Object value) {
      var earlier = set.putIfAbsent(name, value);
      if (earlier != null) {
        throw new IllegalStateException("%s was already set to %s".formatted(name, earlier));
      }
      return this;
    }

    @SuppressWarnings("unchecked") // Each name is set with the type it is asked for.
    private <T> T get(String name, T fallback) {
      return (T) set.getOrDefault(name, fallback);
    }

    private static void require(boolean holds, String name, String rule) {
      if (!holds) {
        throw new IllegalArgumentException("%s must be %s".formatted(name, rule));
      }
    }
  }

  /** Makes the store from Dapr's {@code state.postgresql}, version v1 or v2. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return TYPE;
    }

    @Override
    public List<String> aliases() {
      return List.of("state.postgres");
    }

    @Override
    public List<String> versions() {
      return List.of("v1", "v2");
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      var settings = PostgresSettings.read(metadata);
      var metadataTable = name(metadata, "metadataTableName", METADATA_TABLE);
      var layout = spec.version().equalsIgnoreCase("v2")
          ? Layout.v2(name(metadata, "tablePrefix", ""), metadataTable)
          : Layout.v1(name(metadata, "tableName", TABLE), metadataTable);
      var interval =
          metadata.duration("cleanupInterval", CLEANUP_INTERVAL, "cleanupIntervalInSeconds");
      return new PostgresStateStore(PostgresDatabase.at(settings), layout, interval);
    }

    private static String name(ComponentMetadata metadata, String key, String fallback) {
      var name = metadata.text(key).filter(text -> !text.isEmpty()).orElse(fallback);
      if (name.isEmpty() || Layout.isName(name)) {
        return name;
      }
      metadata.problem("\"%s\" must be %s".formatted(key, NAME_RULE));
      return fallback;
    }
  }
}
