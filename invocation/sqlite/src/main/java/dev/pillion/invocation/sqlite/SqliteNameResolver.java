// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.jdbc.ExpiredRowCleanup;
import dev.pillion.connections.jdbc.SqlIdentifier;
import dev.pillion.connections.sqlite.MetadataTable;
import dev.pillion.connections.sqlite.OpenedDatabase;
import dev.pillion.connections.sqlite.SqliteSettings;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Resolution;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the apps of one machine by a SQLite file, in the tables of Dapr's
 * {@code nameresolution.sqlite}: daprds on the same file are found, and find this runtime.
 *
 * <p>A row that is not this runtime's own is never replaced before it has expired; its own row,
 * when a peer deletes it, is made again. Namespaces are not told apart, as in Dapr. Thread-safe.
 */
public final class SqliteNameResolver implements NameResolverComponent {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteNameResolver.class);

  /**
   * A replica that leaves is noticed by the call that can't reach it, one that comes after this.
   */
  private static final Duration VALID_FOR = Duration.ofSeconds(1);

  private final OpenedDatabase database;
  private final Duration timeout;
  private final Duration updateInterval;
  private final Duration cleanupInterval;
  private final String tableName;
  private final MetadataTable metadata;
  private final HostTable table;
  private volatile @Nullable ComponentContext context;
  private volatile @Nullable ExpiredRowCleanup cleanup;
  private volatile @Nullable HostRegistration registration;

  private SqliteNameResolver(Builder builder) {
    timeout = Objects.requireNonNullElse(builder.timeout, Builder.TIMEOUT);
    updateInterval = Objects.requireNonNullElse(builder.updateInterval, Builder.UPDATE_INTERVAL);
    cleanupInterval = Objects.requireNonNullElse(builder.cleanupInterval, Builder.CLEANUP_INTERVAL);
    tableName = Objects.requireNonNullElse(builder.tableName, Builder.TABLE_NAME);
    metadata = new MetadataTable(
        Objects.requireNonNullElse(builder.metadataTableName, Builder.METADATA_TABLE_NAME), "nr-");
    database = new OpenedDatabase(builder.settings.timeout(timeout));
    table = new HostTable(tableName, updateInterval.toSeconds());
  }

  /** A resolver on this file, with Dapr's defaults; the file's directory must exist. */
  public static SqliteNameResolver at(Path file) {
    return builder(SqliteSettings.at(file).busyTimeout(Builder.BUSY_TIMEOUT)).build();
  }

  /**
   * A resolver whose settings are given one by one. How long a call may take is
   * {@link Builder#timeout}, whatever the connection's settings say.
   */
  public static Builder builder(SqliteSettings settings) {
    return new Builder(settings);
  }

  @Override
  public String type() {
    return "nameresolution.sqlite";
  }

  @Override
  public void open(ComponentContext opening) {
    database.open(opening.time(), opened -> {
      metadata.migrate(opened, tableName, HostTable.creations(tableName), opening.deadline());
      // At least a minute: see ExpiredHosts.
      var silence = cleanupInterval.compareTo(Builder.LEAST_SILENCE) < 0
          ? Builder.LEAST_SILENCE
          : cleanupInterval;
      cleanup = ExpiredRowCleanup.start(
          cleanupInterval, new ExpiredHosts(opened, tableName, metadata, silence), opening);
      context = opening;
    });
    LOG.info("name resolver \"{}\" is open on sqlite database \"{}\"", opening.name(), database);
  }

  @Override
  public Registration register(AppInstance self) {
    var opened = database.get();
    var made = new HostRegistration(
        Objects.requireNonNull(context),
        opened,
        table,
        updateInterval.minus(timeout),
        timeout,
        self);
    made.start();
    registration = made;
    return made;
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    var addresses = database.get().read(session -> table.live(session, appId), deadline);
    return addresses.isEmpty() ? Resolution.unknown() : new Resolution(addresses, VALID_FOR);
  }

  @Override
  public void probe(Deadline deadline) {
    database.get().read(session -> table.live(session, ""), deadline);
    var registered = registration;
    if (registered != null) {
      registered.probe();
    }
  }

  @Override
  public void close() {
    var registered = registration;
    if (registered != null) {
      registered.close();
    }
    var cleaning = cleanup;
    if (cleaning != null) {
      cleaning.close();
    }
    database.close();
  }

  /** Settings beyond the connection. Each may be set once. */
  public static final class Builder {
    private static final String TABLE_NAME = "hosts";
    private static final String METADATA_TABLE_NAME = "metadata";
    private static final Duration UPDATE_INTERVAL = Duration.ofSeconds(5);
    private static final Duration CLEANUP_INTERVAL = Duration.ofHours(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration BUSY_TIMEOUT = Duration.ofMillis(800);
    private static final Duration LEAST_SILENCE = Duration.ofMinutes(1);

    private final SqliteSettings settings;
    private @Nullable String tableName;
    private @Nullable String metadataTableName;
    private @Nullable Duration timeout;
    private @Nullable Duration updateInterval;
    private @Nullable Duration cleanupInterval;

    private Builder(SqliteSettings settings) {
      this.settings = settings;
    }

    /** The table of the registrations; {@code hosts} by default. */
    public Builder tableName(String name) {
      requireUnset("tableName", tableName);
      tableName = SqlIdentifier.require("tableName", name);
      return this;
    }

    /** The table of the schema's level and the last cleanup; {@code metadata} by default. */
    public Builder metadataTableName(String name) {
      requireUnset("metadataTableName", metadataTableName);
      metadataTableName = SqlIdentifier.require("metadataTableName", name);
      return this;
    }

    /** How long one call may take; one second by default, and at least. */
    public Builder timeout(Duration limit) {
      requireUnset("timeout", timeout);
      timeout = limit;
      return this;
    }

    /**
     * After how long a registration that was not renewed is no longer found; 5 seconds by default.
     * Whole seconds, and at least one more than the timeout. The same for all that share the file.
     */
    public Builder updateInterval(Duration interval) {
      requireUnset("updateInterval", updateInterval);
      updateInterval = interval;
      return this;
    }

    /**
     * How often rows are deleted that have been silent for as long; an hour by default, zero or
     * less means never.
     */
    public Builder cleanupInterval(Duration interval) {
      requireUnset("cleanupInterval", cleanupInterval);
      cleanupInterval = interval;
      return this;
    }

    /**
     * The resolver, not yet open.
     *
     * @throws IllegalArgumentException when the update interval does not suit the timeout
     */
    public SqliteNameResolver build() {
      var problem = problem(
          Objects.requireNonNullElse(updateInterval, UPDATE_INTERVAL),
          Objects.requireNonNullElse(timeout, TIMEOUT));
      if (problem != null) {
        throw new IllegalArgumentException(problem);
      }
      return new SqliteNameResolver(this);
    }

    static @Nullable String problem(Duration updateInterval, Duration timeout) {
      if (updateInterval.toNanosPart() != 0) {
        return "\"updateInterval\" must be whole seconds";
      }
      return updateInterval.minus(timeout).compareTo(Duration.ofSeconds(1)) < 0
          ? "\"updateInterval\" must be at least 1s longer than \"timeout\""
          : null;
    }

    private static void requireUnset(String setting, @Nullable Object value) {
      if (value != null) {
        throw new IllegalStateException("%s was already set to %s".formatted(setting, value));
      }
    }
  }

  /** Makes the resolver from Dapr's {@code spec.nameResolution} with component {@code sqlite}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "nameresolution.sqlite";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      // Reports what is wrong with the timeout, too.
      var connection = SqliteSettings.read(metadata);
      var made = builder(
              connection.busyTimeout(metadata.duration("busyTimeout", Builder.BUSY_TIMEOUT)))
          .tableName(SqlIdentifier.read(metadata, "tableName", Builder.TABLE_NAME))
          .metadataTableName(
              SqlIdentifier.read(metadata, "metadataTableName", Builder.METADATA_TABLE_NAME))
          .cleanupInterval(metadata.duration(
              "cleanupInterval", Builder.CLEANUP_INTERVAL, "cleanupIntervalInSeconds"));
      intervals(made, metadata);
      return made.build();
    }

    private static void intervals(Builder made, ComponentMetadata metadata) {
      var timeout = metadata.duration("timeout", Builder.TIMEOUT, "timeoutInSeconds");
      var updateInterval = metadata.duration("updateInterval", Builder.UPDATE_INTERVAL);
      var problem = Builder.problem(updateInterval, timeout);
      if (problem != null) {
        metadata.problem(problem);
      } else if (timeout.compareTo(Builder.TIMEOUT) >= 0) {
        made.timeout(timeout).updateInterval(updateInterval);
      }
    }
  }
}
