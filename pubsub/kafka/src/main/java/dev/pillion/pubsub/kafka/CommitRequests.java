// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/** What workers ask of the thread that owns the consumer. Thread-safe. */
final class CommitRequests {
  private final Runnable wakeUp;
  private final ReentrantLock lock = new ReentrantLock();
  private List<CompletableFuture<Void>> waiting = new ArrayList<>();
  private List<CompletableFuture<Void>> underWay = new ArrayList<>();
  private boolean asked;

  CommitRequests(Runnable wakeUp) {
    this.wakeUp = wakeUp;
  }

  /** Commits what has changed; the answer comes when it is committed. */
  Future<?> now() {
    var answer = new CompletableFuture<Void>();
    lock.lock();
    try {
      waiting.add(answer);
      asked = true;
    } finally {
      lock.unlock();
    }
    wakeUp.run();
    return answer;
  }

  /**
   * Waits for the answer to {@link #now}.
   *
   * @throws BuildingBlockException when it was not committed, or not for certain
   */
  static void await(Future<?> answer, Duration patience, String what) {
    try {
      answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw KafkaFailures.interrupted(what, e);
    } catch (TimeoutException e) {
      throw KafkaFailures.timeout(what, e);
    } catch (ExecutionException e) {
      throw ComponentException.unavailable(
          what + " failed: " + KafkaFailures.reason(e), e.getCause());
    }
  }

  /** Commits what has changed before its time has come. */
  void soon() {
    lock.lock();
    try {
      asked = true;
    } finally {
      lock.unlock();
    }
    wakeUp.run();
  }

  /** Looks again what may be fetched. */
  void wakeUp() {
    wakeUp.run();
  }

  boolean isAsked() {
    lock.lock();
    try {
      return asked;
    } finally {
      lock.unlock();
    }
  }

  /** Those that wait for the commit that follows. */
  List<CompletableFuture<Void>> take() {
    lock.lock();
    try {
      asked = false;
      var taken = waiting;
      waiting = new ArrayList<>();
      underWay.removeIf(CompletableFuture::isDone);
      underWay.addAll(taken);
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Partitions go: nobody may wait for a commit, which the going waits for. */
  void refuse(RuntimeException reason) {
    List<CompletableFuture<Void>> refused;
    lock.lock();
    try {
      refused = new ArrayList<>(waiting);
      refused.addAll(underWay);
      waiting = new ArrayList<>();
      underWay = new ArrayList<>();
    } finally {
      lock.unlock();
    }
    refused.forEach(answer -> answer.completeExceptionally(reason));
  }
}
