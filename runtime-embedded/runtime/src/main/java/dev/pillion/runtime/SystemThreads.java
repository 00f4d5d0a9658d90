// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.CallRejectedException;
import dev.pillion.concurrent.Threads;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads where the JVM has them, else a cached pool of at most
 * {@value #MAX_PLATFORM_THREADS} platform threads.
 */
final class SystemThreads implements Threads, AutoCloseable {
  static final int MAX_PLATFORM_THREADS = 512;

  private final String appId;
  private final AtomicLong count = new AtomicLong();
  private final @Nullable ExecutorService pool;
  private volatile boolean closed;

  SystemThreads(String appId) {
    this.appId = appId;
    this.pool = VirtualThreads.AVAILABLE
        ? null
        : new ThreadPoolExecutor(
            0,
            MAX_PLATFORM_THREADS,
            30,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> daemon("idle", task));
  }

  @Override
  public void execute(String name, Runnable task) {
    if (closed) {
      throw new IllegalStateException("the runtime is closed");
    }
    var threadName = appId + "/" + name + "-" + count.incrementAndGet();
    if (pool == null) {
      VirtualThreads.start(threadName, task);
      return;
    }
    try {
      pool.execute(() -> named(threadName, task));
    } catch (RejectedExecutionException e) {
      if (closed) {
        throw new IllegalStateException("the runtime is closed", e);
      }
      throw new CallRejectedException(
          "ERR_TOO_MANY_THREADS",
          "\"%s\" would need thread %d of at most %d; lower its concurrency, or run on a JVM with virtual threads"
              .formatted(name, MAX_PLATFORM_THREADS + 1, MAX_PLATFORM_THREADS),
          e);
    }
  }

  private void named(String name, Runnable task) {
    var thread = Thread.currentThread();
    thread.setName(name);
    try {
      task.run();
    } finally {
      thread.setName(appId + "/idle");
    }
  }

  @Override
  public Thread start(String name, Runnable loop) {
    var thread = daemon(name, loop);
    thread.start();
    return thread;
  }

  private Thread daemon(String name, Runnable task) {
    var thread = new Thread(task, appId + "/" + name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public void close() {
    closed = true;
    if (pool != null) {
      pool.shutdownNow();
    }
  }

  /**
   * {@code Thread.ofVirtual().name(..).start(..)}, looked up once; the class path of Java 17 has no
   * such methods.
   */
  private static final class VirtualThreads {
    private static final @Nullable MethodHandle OF_VIRTUAL;
    private static final @Nullable MethodHandle NAME;
    private static final @Nullable MethodHandle START;
    static final boolean AVAILABLE;

    static {
      MethodHandle ofVirtual = null;
      MethodHandle name = null;
      MethodHandle start = null;
      if (Runtime.version().feature() >= 21) {
        try {
          var lookup = MethodHandles.publicLookup();
          Class<?> builder = Class.forName("java.lang.Thread$Builder$OfVirtual");
          ofVirtual = lookup.findStatic(Thread.class, "ofVirtual", MethodType.methodType(builder));
          name = lookup.findVirtual(builder, "name", MethodType.methodType(builder, String.class));
          start = lookup.findVirtual(
              builder, "start", MethodType.methodType(Thread.class, Runnable.class));
        } catch (ReflectiveOperationException e) {
          throw new LinkageError("this JVM should have virtual threads", e);
        }
      }
      OF_VIRTUAL = ofVirtual;
      NAME = name;
      START = start;
      AVAILABLE = ofVirtual != null;
    }

    private VirtualThreads() {}

    static void start(String name, Runnable task) {
      if (OF_VIRTUAL == null || NAME == null || START == null) {
        throw new IllegalStateException("this JVM has no virtual threads");
      }
      try {
        Object named = NAME.invoke(OF_VIRTUAL.invoke(), name);
        START.invoke(named, task);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException("could not start the virtual thread \"" + name + "\"", e);
      }
    }
  }
}
