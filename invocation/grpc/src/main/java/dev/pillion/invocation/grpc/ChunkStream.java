// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.ByteString;
import dev.pillion.wire.common.v1.StreamPayload;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A body as its chunks come in. Holds {@link #WINDOW} of them at most, and asks for others when
 * half of them have been read. Read by one thread, filled by another.
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
  private ByteString current = ByteString.EMPTY;
  private int read;

  /** What the body is part of. */
  interface Call {
    /** Lets so many more messages come. */
    void request(int messages);

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
      call.request(1);
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
    if (current.isEmpty() && !next()) {
      return -1;
    }
    var part = take(length);
    part.copyTo(into, offset);
    return part.size();
  }

  /**
   * As {@link InputStream}'s, which first gets a buffer of 16 KiB. {@code readAllBytes} uses it.
   */
  @Override
  public byte[] readNBytes(int length) {
    if (length < 0) {
      throw new IllegalArgumentException("less than no bytes can't be read: " + length);
    }
    var all = ByteString.EMPTY;
    while (all.size() < length && (!current.isEmpty() || next())) {
      all = all.concat(take(length - all.size()));
    }
    return all.toByteArray();
  }

  private ByteString take(int most) {
    int bytes = Math.min(most, current.size());
    var part = current.substring(0, bytes);
    current = current.substring(bytes);
    return part;
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
      current = chunks.remove();
      read++;
      if (!ended && read == WINDOW / 2) {
        call.request(read);
        read = 0;
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
  public int available() {
    lock.lock();
    try {
      int waiting = current.size();
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
      current = ByteString.EMPTY;
    } finally {
      lock.unlock();
    }
    if (unfinished) {
      call.giveUp();
    }
  }
}
