// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.ManagedChannel;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection to a peer, which ends when it is of no use any more and no call uses it.
 * Thread-safe.
 */
final class PeerConnection {
  private final ManagedChannel channel;
  private final Executor loop;
  private final ReentrantLock lock = new ReentrantLock();
  private int users;
  private boolean retired;
  private long usedAt;

  /**
   * A connection nobody uses yet.
   *
   * @param loop the thread that reads and writes it
   */
  PeerConnection(ManagedChannel channel, Executor loop, long now) {
    this.channel = channel;
    this.loop = loop;
    this.usedAt = now;
  }

  ManagedChannel channel() {
    return channel;
  }

  /** What runs on the thread that reads and writes here wakes no other. */
  Executor loop() {
    return loop;
  }

  /** Counts a call in; false when it is of no use any more. */
  boolean acquire() {
    lock.lock();
    try {
      if (!retired) {
        users++;
      }
      return !retired;
    } finally {
      lock.unlock();
    }
  }

  /** Counts a call out; whether it has ended the connection. */
  boolean release(long now) {
    lock.lock();
    try {
      users--;
      usedAt = now;
      return endIfUnused();
    } finally {
      lock.unlock();
    }
  }

  /** No call begins on it from now on; whether none was on it, so that it has ended. */
  boolean retire() {
    lock.lock();
    try {
      retired = true;
      return endIfUnused();
    } finally {
      lock.unlock();
    }
  }

  /** Ends it when no call has used it since; whether it has. */
  boolean retireIfUnusedSince(long moment) {
    lock.lock();
    try {
      if (users == 0 && usedAt - moment <= 0) {
        retired = true;
      }
      return endIfUnused();
    } finally {
      lock.unlock();
    }
  }

  private boolean endIfUnused() {
    if (retired && users == 0) {
      channel.shutdown();
      return true;
    }
    return false;
  }
}
