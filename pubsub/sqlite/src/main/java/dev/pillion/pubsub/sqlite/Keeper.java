// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.ChangeWatch;
import dev.pillion.connections.sqlite.SqliteDatabase;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that a broker has besides those of its intakes. It looks for other processes'
 * commits, renews the leases, ends those of owners that have gone, and removes old events. No
 * handler can keep it from that.
 */
final class Keeper {
  private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);

  /** How often it looks around while there is no intake. */
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final Duration LONGEST_CLEANUP = Duration.ofHours(1);
  private static final Duration SHORTEST_CLEANUP = Duration.ofSeconds(1);

  private final SqliteDatabase database;
  private final ComponentContext context;
  private final Pace pace;
  private final ProcessPlace place;
  private final ChangeWatch watch;
  private final Retention retention;
  private final Observations observations;
  private final long renewNanos;
  private final long cleanupNanos;
  private final long soonNanos;
  private final List<SqliteIntake> intakes = new CopyOnWriteArrayList<>();
  private final Signal wake;
  private volatile boolean closed;
  private volatile @Nullable Thread thread;
  private long renewedNanos;
  private long cleanedNanos;
  private boolean cleaning;

  /** An intake could not go on, and is to be asked again soon. */
  private boolean heldUp;

  /** Why it can't look around for now; null while it can. */
  private volatile @Nullable Throwable outage;

  /** @param wake what it waits for */
  Keeper(
      SqliteDatabase database,
      ComponentContext context,
      Pace pace,
      ProcessPlace place,
      Signal wake) {
    this.wake = wake;
    this.database = database;
    this.context = context;
    this.pace = pace;
    this.place = place;
    watch = database.watch(new ChangeWatch.Listening(
        pace.pollInterval(),
        wake::raise,
        context.threads(),
        "pubsub/" + context.name() + "/watch"));
    retention = new Retention(database);
    renewNanos = pace.processingTimeout().toNanos() / 3;
    cleanupNanos = cleanupNanos(pace.retention());
    soonNanos = Math.min(pace.pollInterval().toNanos(), IDLE_NANOS);
    observations = new Observations(renewNanos);
  }

  void start() {
    renewedNanos = context.time().nanos();
    cleanedNanos = renewedNanos;
    thread = context.threads().start("pubsub/" + context.name() + "/keeper", this::run);
  }

  void add(SqliteIntake intake) {
    intakes.add(intake);
    wake.raise();
  }

  List<SqliteIntake> intakes() {
    return intakes;
  }

  /** Something was published here. */
  void published(String topic) {
    for (SqliteIntake intake : intakes) {
      if (intake.membership().topic().equals(topic)) {
        intake.look();
      }
    }
  }

  /** Ends the owners whose processes have certainly ended. */
  void endThoseOfEndedProcesses() {
    var owners = database.read(Owners::all, Deadline.none());
    end(owners.stream().filter(place::knowsTheEndOf).toList());
  }

  void close() {
    closed = true;
    wake.raise();
    var running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(TimeUnit.SECONDS.toMillis(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run() {
    try {
      while (!closed) {
        look();
        wake.await(pauseNanos());
      }
    } catch (InterruptedException e) {
      LOG.debug("the keeper of \"{}\" is interrupted", context.name());
    } finally {
      watch.close();
    }
  }

  private long pauseNanos() {
    if (intakes.isEmpty()) {
      return IDLE_NANOS;
    }
    if (outage != null) {
      return soonNanos;
    }
    long untilRenewal = renewNanos - (context.time().nanos() - renewedNanos);
    long pause = Math.min(watch.pauseNanos(), Math.max(MIN_PAUSE_NANOS, untilRenewal));
    return heldUp ? Math.min(pause, soonNanos) : pause;
  }

  private void look() {
    try {
      long now = context.time().now().toEpochMilli();
      boolean changed = !intakes.isEmpty() && watch.hasChanged();
      intakes.removeIf(SqliteIntake::hasEnded);
      heldUp = false;
      for (SqliteIntake intake : intakes) {
        if (changed) {
          intake.look();
        }
        heldUp |= intake.tick(now);
      }
      if (context.time().nanos() - renewedNanos >= renewNanos) {
        renew();
      }
      clean(now);
      outage = null;
    } catch (RuntimeException | Error e) {
      boolean first = outage == null;
      outage = e;
      if (first && !closed) {
        if (e instanceof BuildingBlockException) {
          LOG.warn("pubsub \"{}\" can't be kept for now: {}", context.name(), e.getMessage());
        } else {
          LOG.error("pubsub \"{}\" can't be kept for now", context.name(), e);
        }
      }
    }
  }

  /** Why it, or an intake, does not do its work for now, in words to be shown; null: they do. */
  @Nullable
  String trouble() {
    var running = thread;
    var cause = outage;
    if (running != null && !running.isAlive() && !closed) {
      return "the thread that keeps leases has ended unexpectedly";
    }
    if (cause != null) {
      return "leases can't be kept for now: " + Failures.words(cause);
    }
    for (SqliteIntake intake : intakes) {
      var trouble = intake.trouble();
      if (trouble != null) {
        return trouble;
      }
    }
    return null;
  }

  private void renew() {
    long sent = context.time().nanos();
    renewedNanos = sent;
    var members = new LinkedHashMap<SqliteIntake, Long>();
    for (SqliteIntake intake : intakes) {
      if (intake.membership().isMember()) {
        members.put(intake, intake.membership().incarnation());
      }
    }
    // Without members nothing is written, and yet it is known that writing was possible.
    var lost = new LinkedHashMap<SqliteIntake, Long>();
    var owners = database.write(
        session -> {
          lost.clear();
          for (Map.Entry<SqliteIntake, Long> member : members.entrySet()) {
            if (!Owners.renew(session, member.getValue())) {
              lost.put(member.getKey(), member.getValue());
            }
          }
          return Owners.all(session);
        },
        Deadline.none());
    for (SqliteIntake intake : members.keySet()) {
      var ended = lost.get(intake);
      if (ended != null) {
        intake.lost(ended);
      } else {
        intake.membership().renewed(sent);
      }
    }
    var gone = observations.look(owners, context.time().nanos());
    end(owners.stream()
        .filter(owner -> gone.contains(owner) || place.knowsTheEndOf(owner))
        .filter(owner -> !members.containsValue(owner.incarnation()))
        .toList());
  }

  private void end(List<Owners.Owner> gone) {
    for (Owners.Owner owner : gone) {
      if (database.write(session -> Owners.end(session, owner), Deadline.none())) {
        LOG.info(
            "pubsub \"{}\": the member {} of process {} has gone; what it held comes again",
            context.name(),
            Long.toHexString(owner.incarnation()),
            owner.processId());
        intakes.forEach(SqliteIntake::look);
      }
    }
  }

  private void clean(long now) {
    if (cleaning) {
      cleaning = retention.next();
      if (cleaning) {
        wake.raise();
      }
    } else if (context.time().nanos() - cleanedNanos >= cleanupNanos) {
      cleanedNanos = context.time().nanos();
      retention.begin(now - pace.retention().toMillis());
      cleaning = true;
    }
  }

  /** A tenth of the retention, within bounds: events are kept a little longer, never shorter. */
  private static long cleanupNanos(Duration retention) {
    var tenth = retention.dividedBy(10);
    var interval = tenth.compareTo(LONGEST_CLEANUP) > 0
        ? LONGEST_CLEANUP
        : tenth.compareTo(SHORTEST_CLEANUP) < 0 ? SHORTEST_CLEANUP : tenth;
    return interval.toNanos();
  }
}
