// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.sqlite.SqliteDatabase;
import dev.pillion.connections.sqlite.SqliteSession;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member of a group. A thread of its own, the clerk, does all that is written for it: what was
 * returned and the next claim go into one transaction, and while that is synced more is returned;
 * so the busier it is, the fewer commits a message costs.
 */
final class SqliteIntake implements Intake, Handover.Holder {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteIntake.class);
  /** So many events at most are claimed in one transaction, for others want to write as well. */
  private static final int MAX_CLAIM = 256;

  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LAST_WRITE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final SqliteDatabase database;
  private final ComponentContext context;
  private final Membership membership;
  private final Handover handover;
  private final int queueDepth;
  private final ReentrantLock changing = new ReentrantLock();
  private final Signal work = new Signal();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean mayFind = true;
  private volatile long nextDue = Long.MAX_VALUE;
  private volatile boolean paused;
  private volatile boolean closing;
  private volatile boolean aborted;
  private volatile @Nullable Thread clerk;

  /** Why it can't go on for now; null while it can. */
  private volatile @Nullable Throwable outage;

  /** The outcome of a claim is unknown: it may have been committed. */
  private boolean inDoubt;

  /** What a transaction has found. */
  private record Written(boolean lost, List<Claims.Claimed> claimed, boolean more, long nextDue) {}

  SqliteIntake(
      SqliteDatabase database,
      ComponentContext context,
      Membership membership,
      Handling handling,
      TopicSubscription subscription) {
    this.database = database;
    this.context = context;
    this.membership = membership;
    handover =
        new Handover(subscription, handling.receiver(), handling.concurrency(), context, this);
    queueDepth = Math.max(handling.queueDepth(), handover.batchSize());
  }

  /** What the messages are given to, and how many at a time. */
  record Handling(MessageReceiver receiver, int concurrency, int queueDepth) {}

  Membership membership() {
    return membership;
  }

  /** Begins to take in. The membership has joined. */
  void start() {
    clerk = context
        .threads()
        .start("pubsub/" + membership.topic() + "/" + membership.groupName(), this::run);
  }

  /** There may be something new. */
  void look() {
    mayFind = true;
    work.raise();
  }

  /**
   * Called again and again, with the time of day in milliseconds; true: shall be called soon again.
   */
  boolean tick(long now) {
    boolean clockSetBack = nextDue != Long.MAX_VALUE && nextDue > now + membership.pauseMillis();
    if (now >= nextDue || clockSetBack) {
      look();
    }
    boolean soon = handover.startAgain();
    var thread = clerk;
    if (thread != null && !thread.isAlive() && !hasEnded()) {
      LOG.error("{}: its thread has ended unexpectedly; another one goes on", membership);
      start();
    }
    return soon;
  }

  /** Why it does not bring events for now, in words to be shown; null while it does. */
  @Nullable
  String trouble() {
    var cause = outage;
    if (cause == null) {
      cause = handover.trouble();
    }
    return cause == null ? null : membership + " can't go on for now: " + Failures.words(cause);
  }

  /** The membership of this incarnation was found to have been ended by others. */
  void lost(long incarnation) {
    if (membership.end(incarnation)) {
      LOG.warn(
          "{} was not renewed in time, and others have what it held: this process was stopped, or could not write for longer than processingTimeout",
          membership);
      handover.lose();
      look();
    }
  }

  @Override
  public boolean isCertain() {
    return membership.isCertain();
  }

  @Override
  public boolean holds(HeldMessage message) {
    return membership.incarnation() == message.owner();
  }

  @Override
  public void somethingReturned() {
    work.raise();
  }

  @Override
  public void pause() {
    changing.lock();
    try {
      paused = true;
      handover.stop();
    } finally {
      changing.unlock();
    }
  }

  @Override
  public void resume() {
    changing.lock();
    try {
      if (!closing) {
        paused = false;
        handover.resume();
        look();
      }
    } finally {
      changing.unlock();
    }
  }

  @Override
  public void close(Deadline deadline) {
    changing.lock();
    try {
      closing = true;
      handover.stop();
    } finally {
      changing.unlock();
    }
    try {
      if (handover.awaitIdle(deadline)) {
        boolean ignored = ended.await(LAST_WRITE_NANOS, TimeUnit.NANOSECONDS);
      } else {
        LOG.warn("{} is closed while handlers still run; what they have stays theirs", membership);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  boolean hasEnded() {
    return ended.getCount() == 0;
  }

  /** Leaves everything as it is: the database closes. */
  void abort() {
    aborted = true;
    var thread = clerk;
    if (thread != null) {
      thread.interrupt();
    }
  }

  private void run() {
    try {
      while (!aborted && !hasEnded()) {
        long pause = step();
        if (pause > 0) {
          work.await(pause);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("{} is aborted", membership);
    }
    ended.countDown();
  }

  /** Does what there is to do; how long there is nothing to do then, unless there is a signal. */
  private long step() {
    // Before looking at what was returned: nothing is returned any more once it is so.
    boolean quiet = closing && handover.isQuiet();
    var settlements = handover.takeSettlements();
    boolean taking = !paused && !closing;
    int want = taking ? queueDepth - handover.held() + settlements.size() : 0;
    boolean look = want > 0 && mayFind;
    try {
      look = want > 0 && (look || untilDueNanos() <= 0);
      if (settlements.isEmpty() && !look && (quiet || !inDoubt)) {
        if (quiet) {
          leave();
          return 0;
        }
        return outage == null ? pauseNanos(want) : RETRY_NANOS;
      }
      if (look) {
        mayFind = false;
      }
      if (look && !membership.isMember()) {
        membership.rejoin(database);
      }
      if (settlements.isEmpty() && !inDoubt && !findsSomething()) {
        recovered();
        return pauseNanos(want);
      }
      write(settlements, look ? Math.min(want, MAX_CLAIM) : 0);
      recovered();
      return 0;
    } catch (RuntimeException | Error e) {
      // An error of the JVM as well: a thread that ends here would be missed by nobody, while its
      // lease went on being renewed.
      handover.putBack(settlements);
      if (look) {
        mayFind = true;
        inDoubt = true;
      }
      failed(e);
      return RETRY_NANOS;
    }
  }

  private long pauseNanos(int want) {
    return want > 0 ? Math.max(1, untilDueNanos()) : Long.MAX_VALUE;
  }

  /** Until an event is due again, as far as is known. */
  private long untilDueNanos() {
    long due = nextDue;
    return due == Long.MAX_VALUE
        ? Long.MAX_VALUE
        : TimeUnit.MILLISECONDS.toNanos(due - context.time().now().toEpochMilli());
  }

  private boolean findsSomething() {
    var due = membership.due();
    boolean possible = database.read(
        session -> Claims.possible(session, membership.group(), due), Deadline.none());
    if (!possible) {
      nextDue =
          database.read(session -> Claims.nextDue(session, membership.group()), Deadline.none());
    }
    return possible;
  }

  private void write(List<Settlement> settlements, int want) {
    long owner = membership.incarnation();
    var due = membership.due();
    var known = inDoubt ? known(settlements) : null;
    var written = database.write(
        session -> {
          if (known != null) {
            Deliveries.giveBackUnknown(session, membership.group().id(), owner, known);
          }
          return write(session, settlements, owner, due, want);
        },
        Deadline.none());
    inDoubt = false;
    nextDue = written.nextDue();
    handover.settled(settlements);
    if (written.more()) {
      mayFind = true;
    }
    if (written.lost()) {
      lost(owner);
    } else if (!written.claimed().isEmpty()) {
      var messages = new ArrayList<HeldMessage>(written.claimed().size());
      for (Claims.Claimed claimed : written.claimed()) {
        messages.add(new HeldMessage(database, membership.group(), claimed, owner));
      }
      handover.add(messages);
    }
  }

  /** What is held as far as is known here. */
  private Set<Long> known(List<Settlement> settlements) {
    var known = handover.ids();
    settlements.forEach(settlement -> known.add(settlement.message().id()));
    return known;
  }

  private Written write(
      SqliteSession session, List<Settlement> settlements, long owner, Claims.Due due, int want)
      throws SQLException {
    var group = membership.group();
    for (Settlement settlement : settlements) {
      settlement.write(session, group, due);
    }
    boolean lost = want > 0 && !Owners.exists(session, owner);
    List<Claims.Claimed> claimed =
        want > 0 && !lost ? new Claims(group, owner, due).claim(session, want) : List.of();
    boolean more = want > 0 && Claims.possible(session, group, due);
    return new Written(lost, claimed, more, Claims.nextDue(session, group));
  }

  private void leave() {
    long owner = membership.incarnation();
    database.write(
        session -> {
          Owners.leave(session, membership.group().id(), owner);
          return true;
        },
        Deadline.none());
    ended.countDown();
  }

  private void failed(Throwable e) {
    boolean first = outage == null;
    outage = e;
    if (first && !aborted) {
      if (e instanceof BuildingBlockException) {
        LOG.warn("{} can't go on for now: {}", membership, e.getMessage());
      } else {
        LOG.error("{} can't go on for now", membership, e);
      }
    }
  }

  private void recovered() {
    if (outage != null) {
      outage = null;
      LOG.info("{} goes on", membership);
    }
  }

  @Override
  public String toString() {
    return membership.toString();
  }
}
