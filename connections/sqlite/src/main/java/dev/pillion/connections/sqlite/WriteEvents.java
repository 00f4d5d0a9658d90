// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.Threads;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel tells of writes to a database file and its log, whichever process they are of.
 *
 * <p>Only the first event is told: the watch ends with it until it is {@link #arm armed} again, so
 * that a stream of writes, which may well be those of this process, does not wake anybody for each.
 * A directory can be watched, a file can't: an event may be of another file.
 */
final class WriteEvents implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WriteEvents.class);

  private final WatchService service;
  private final Path directory;
  private final String name;
  private final Runnable listener;
  private final AtomicReference<@Nullable Event> told = new AtomicReference<>();

  /** Of which file. */
  enum Event {
    OWN,
    OTHER
  }

  /**
   * @param directory where the file lies
   * @param file the database; its log and its journal are called the same, and {@code -wal} or
   *     {@code -journal}
   * @param listener called on the thread of the watch when there is an event to {@link #take}
   */
  WriteEvents(WatchService service, Path directory, Path file, Runnable listener) {
    this.service = service;
    this.directory = directory;
    this.name = directory.relativize(file).toString();
    this.listener = listener;
  }

  void start(Threads threads, String threadName) {
    threads.start(threadName, this::run);
  }

  /**
   * From now on the next event is told.
   *
   * @throws IOException when the directory is gone, or may not be watched
   */
  void arm() throws IOException {
    directory.register(
        service,
        StandardWatchEventKinds.ENTRY_CREATE,
        StandardWatchEventKinds.ENTRY_MODIFY,
        StandardWatchEventKinds.ENTRY_DELETE);
  }

  /** The event that ended the watch, once; null when there was none. */
  @Nullable
  Event take() {
    return told.getAndSet(null);
  }

  private void run() {
    try {
      while (true) {
        var key = service.take();
        // Before it is told: whoever hears of it may arm again, and would get this key once more.
        key.cancel();
        told.set(event(key));
        listener.run();
      }
    } catch (ClosedWatchServiceException e) {
      LOG.trace("the watch of {} is closed", directory);
    } catch (InterruptedException e) {
      LOG.debug("the watch of {} is interrupted", directory);
    }
  }

  private Event event(WatchKey key) {
    var events = key.pollEvents();
    for (WatchEvent<?> event : events) {
      // Without a name some were lost; without any event the directory has gone.
      if (!(event.context() instanceof Path path) || isOwn(path.toString())) {
        return Event.OWN;
      }
    }
    return events.isEmpty() ? Event.OWN : Event.OTHER;
  }

  private boolean isOwn(String written) {
    return written.startsWith(name)
        && (written.length() == name.length() || written.charAt(name.length()) == '-');
  }

  /** Ends the threads, its own and that of the JDK. Idempotent. */
  @Override
  public void close() {
    try {
      service.close();
    } catch (IOException e) {
      LOG.warn("could not close the watch of {}", directory, e);
    }
  }
}
