// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.ByteString;
import dev.pillion.wire.common.v1.StreamPayload;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A body as its chunks come in. Holds {@link #WINDOW} of them at most, and asks for another one
 * when one has been read. Read by one thread, filled by another.
 */
final class ChunkStream extends InputStream {
  /** How many chunks may be on their way unread; asked for before the first has come. */
  static final int WINDOW = 4;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<ByteString> chunks = new ArrayDeque<>(WINDOW);
  private final Call call;
  private long sequence;
  private boolean ended;
  private boolean closed;
  private @Nullable RuntimeException failure;
  private InputStream current = InputStream.nullInputStream();

  /** What the body is part of. */
  interface Call {
    /** Lets one more message come. */
    void requestOne();

    /** Nobody reads the rest, or can. */
    void giveUp();

    /** The thread that reads was interrupted. */
    RuntimeException interrupted(InterruptedException cause);

    /** A chunk is missing or came twice. */
    RuntimeException outOfOrder(String why);
  }

  ChunkStream(Call call) {
    this.call = call;
  }

  /** One more chunk has come. */
  void add(StreamPayload payload) {
    lock.lock();
    try {
      if (ended || closed) {
        return;
      }
      if (payload.getSeq() == sequence) {
        next(payload);
        return;
      }
      end(call.outOfOrder("invalid sequence number received: %s (expected: %d)"
          .formatted(Long.toUnsignedString(payload.getSeq()), sequence)));
    } finally {
      lock.unlock();
    }
    call.giveUp();
  }

  private void next(StreamPayload payload) {
    sequence++;
    if (payload.getData().isEmpty()) {
      call.requestOne();
    } else {
      chunks.add(payload.getData());
      changed.signalAll();
    }
  }

  /** No more comes; null when that is the end, else why reading fails once all is read. */
  void end(@Nullable RuntimeException reason) {
    lock.lock();
    try {
      if (!ended) {
        ended = true;
        failure = reason;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** All of it, when all has come in one piece; null else. */
  byte @Nullable [] whole() {
    lock.lock();
    try {
      if (!ended || failure != null || chunks.size() > 1) {
        return null;
      }
      var only = chunks.peek();
      return only == null ? new byte[0] : only.toByteArray();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() {
    var one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    int read = readCurrent(into, offset, length);
    return read < 0 && next() ? readCurrent(into, offset, length) : read;
  }

  private int readCurrent(byte[] into, int offset, int length) {
    try {
      return current.read(into, offset, length);
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory can't be read", e);
    }
  }

  private boolean next() {
    lock.lock();
    try {
      while (chunks.isEmpty()) {
        if (failure != null) {
          throw failure;
        }
        if (ended || closed) {
          return false;
        }
        changed.await();
      }
      current = chunks.remove().newInput();
      if (!ended) {
        call.requestOne();
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw call.interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int available() throws IOException {
    lock.lock();
    try {
      int waiting = current.available();
      for (var chunk : chunks) {
        waiting += chunk.size();
      }
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    boolean unfinished;
    lock.lock();
    try {
      unfinished = !ended && !closed;
      closed = true;
      chunks.clear();
      current = InputStream.nullInputStream();
    } finally {
      lock.unlock();
    }
    if (unfinished) {
      call.giveUp();
    }
  }
}
