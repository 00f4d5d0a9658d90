// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.ComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Events that are written into a table within the program's own JDBC transaction, and published
 * when it has committed: never without it, at least once with it.
 *
 * <pre>{@code
 * var outbox = JdbcOutbox.over(dataSource);
 * outbox.createTable();
 * try (var runtime = EmbeddedRuntime.builder("shop").with(outbox).start();
 *     var connection = dataSource.getConnection()) {
 *   connection.setAutoCommit(false);
 *   insert(connection, order);
 *   outbox.in(connection).publish("pubsub", "orders", order);
 *   connection.commit();
 *   outbox.wake();
 * }
 * }</pre>
 *
 * <p>Databases are PostgreSQL and SQLite. The data source is the program's, which closes it; the
 * relay that publishes takes one connection of it at a time. Belongs to one runtime. Thread-safe.
 */
public final class JdbcOutbox implements Extension {
  private final DataSource dataSource;
  private final RelaySettings settings;
  private final String tableName;
  private final AtomicBoolean used = new AtomicBoolean();
  private volatile @Nullable OutboxTable table;
  private volatile @Nullable Relay relay;
  private volatile @Nullable EmbeddedRuntime runtime;

  private JdbcOutbox(Builder builder) {
    this.dataSource = builder.dataSource;
    this.tableName = builder.table;
    this.settings = new RelaySettings(builder.pollInterval, builder.lease, builder.batchSize);
  }

  /** An outbox in the table {@value Builder#TABLE} of this database. */
  public static JdbcOutbox over(DataSource dataSource) {
    return builder(dataSource).build();
  }

  /** An outbox whose settings are given one by one. */
  public static Builder builder(DataSource dataSource) {
    return new Builder(dataSource);
  }

  /**
   * Creates the table and its indices where they are missing; may be called before the runtime
   * starts. Nothing else ever creates them.
   *
   * @throws ComponentException when the database refuses, can't be reached, or is none of those
   *     supported
   */
  public void createTable() {
    try (var connection = dataSource.getConnection()) {
      var made = OutboxTable.of(connection, tableName);
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(true);
      try {
        execute(connection, made);
      } catch (SQLException e) {
        if (!made.isCreatedByOthers(e)) {
          throw e;
        }
        execute(connection, made);
      } finally {
        connection.setAutoCommit(autoCommit);
      }
    } catch (SQLException e) {
      throw failure("can't be created", e);
    }
  }

  private static void execute(Connection connection, OutboxTable made) throws SQLException {
    try (var statement = connection.createStatement()) {
      for (var sql : made.ddl()) {
        statement.execute(sql);
      }
    }
  }

  /**
   * The outbox within the transaction of this connection, which must be one to the outbox's own
   * database. What is published goes when the transaction commits, and never when it rolls back, to
   * a savepoint too.
   *
   * @throws IllegalArgumentException when the connection commits by itself after each statement
   * @throws IllegalStateException when the runtime has not started, or is closed
   * @throws ComponentException when the connection is closed
   */
  public OutboxTransaction in(Connection connection) {
    var started = runtime;
    var open = table;
    var running = relay;
    if (started == null || open == null || running == null || running.isClosed()) {
      throw new IllegalStateException(
          "the outbox \"%s\" is part of no runtime that runs; start one with it"
              .formatted(tableName));
    }
    try {
      if (connection.getAutoCommit()) {
        throw new IllegalArgumentException(
            "the connection commits each statement by itself, so that an event would not be part of the transaction; call setAutoCommit(false) first");
      }
    } catch (SQLException e) {
      throw failure("can't be written to", e);
    }
    return new OutboxTransaction(started, connection, open, running);
  }

  /**
   * Makes the relay look for events now: called after a commit, it spares the event the relay's
   * pause. Without it the relay looks a few milliseconds after each {@code publish} of this
   * process, then with growing pauses.
   */
  public void wake() {
    var running = relay;
    if (running != null) {
      running.wake();
    }
  }

  /**
   * Adds the outbox to the runtime's components, so that its health is seen: it is degraded while
   * events can't be published.
   *
   * @throws IllegalStateException when it is part of another runtime already
   */
  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    if (!used.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "the outbox \"%s\" is part of a runtime already; make another one".formatted(tableName));
    }
    builder.component(tableName, new Health());
  }

  @Override
  public AutoCloseable start(EmbeddedRuntime started) {
    var open = table;
    if (open == null) {
      throw new IllegalStateException("the outbox \"%s\" is not open".formatted(tableName));
    }
    var made = new Relay(dataSource, open, settings, started);
    runtime = started;
    relay = made;
    made.start();
    return made;
  }

  private ComponentException failure(String what, SQLException e) {
    return SqlFailures.translate(tableName, what, e);
  }

  /** How the outbox stands, among the runtime's components. */
  private final class Health implements Component {
    @Override
    public String type() {
      return "JdbcOutbox";
    }

    @Override
    public void open(ComponentContext context) {
      try (var connection = dataSource.getConnection()) {
        var opened = OutboxTable.of(connection, tableName);
        try {
          opened.check(connection);
        } catch (SQLException e) {
          if (!opened.isMissing(e)) {
            throw e;
          }
          throw ComponentException.failed(
              "the table \"%s\" is missing; call createTable(), or execute:\n%s"
                  .formatted(tableName, String.join(";\n", opened.ddl())),
              e);
        }
        table = opened;
      } catch (SQLException e) {
        throw failure("can't be opened", e);
      }
    }

    @Override
    public void probe(Deadline deadline) {
      var open = table;
      var running = relay;
      if (open == null || running == null) {
        return;
      }
      running.requireWell();
      try (var connection = dataSource.getConnection()) {
        long refused = open.refused(connection, running.appId(), deadline);
        if (refused > 0) {
          throw ComponentException.failed(
              "%d events of the outbox \"%s\" are refused again and again; the log says why"
                  .formatted(refused, tableName),
              null);
        }
      } catch (SQLException e) {
        throw failure("can't be read", e);
      }
    }

    @Override
    public void close() {}
  }

  /** Settings beyond the database. Not thread-safe. */
  public static final class Builder {
    static final String TABLE = "pillion_outbox";
    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,47}");

    private final DataSource dataSource;
    private String table = TABLE;
    private Duration pollInterval = Duration.ofSeconds(1);
    private Duration lease = Duration.ofSeconds(30);
    private int batchSize = 100;

    private Builder(DataSource dataSource) {
      this.dataSource = dataSource;
    }

    /**
     * The table's name; {@value #TABLE} unless set. It is the name of the outbox in health, too.
     *
     * @throws IllegalArgumentException when it is more than lower-case letters, digits and
     *     underscores, or longer than 48
     */
    public Builder table(String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "\"%s\" can't be the name of a table; it may have lower-case letters, digits and underscores, at most 48"
                .formatted(name));
      }
      table = name;
      return this;
    }

    /**
     * How often the relay looks for events that nobody has announced, such as those of a process
     * that has died; a second unless set.
     *
     * @throws IllegalArgumentException when zero or negative
     */
    public Builder pollInterval(Duration interval) {
      pollInterval = positive("pollInterval", interval);
      return this;
    }

    /**
     * For how long a relay has the events it took on SQLite, renewed while it is at them: so long
     * they wait after its process was killed. 30 s unless set. PostgreSQL knows at once.
     *
     * @throws IllegalArgumentException when zero or negative
     */
    public Builder lease(Duration duration) {
      lease = positive("lease", duration);
      return this;
    }

    /**
     * How many events the relay takes at a time, at most; 100 unless set.
     *
     * @throws IllegalArgumentException when below 1 or above 10,000
     */
    public Builder batchSize(int size) {
      if (size < 1 || size > 10_000) {
        throw new IllegalArgumentException("a batch can't have " + size + " events; 1 to 10000");
      }
      batchSize = size;
      return this;
    }

    /** The outbox, which touches the database when the runtime starts. */
    public JdbcOutbox build() {
      return new JdbcOutbox(this);
    }

    private static Duration positive(String name, Duration duration) {
      if (duration.isNegative() || duration.isZero()) {
        throw new IllegalArgumentException(name + " must be positive, and was " + duration);
      }
      return duration;
    }
  }
}
