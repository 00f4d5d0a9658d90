// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.pillion.ComponentException;
import dev.pillion.concurrent.TimeSource;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Errors of the JVM in the threads of a broker: no thread ends in silence, and no event stays. */
class SqliteErrorsTest {
  private static final String CLERK = "pubsub/paid/g";
  private static final String KEEPER = "pubsub/pubsub/keeper";

  @TempDir
  Path directory;

  private final FailingTime time = new FailingTime();
  private final List<ILoggingEvent> logged = new CopyOnWriteArrayList<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("dev.pillion.pubsub.sqlite");
  private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
    @Override
    protected void append(ILoggingEvent event) {
      logged.add(event);
    }
  };
  private final TestReceiver receiver = new TestReceiver();
  private TestBroker broker;

  /** The machine's clocks, but in one thread asking for the time of day fails. */
  private static final class FailingTime implements TimeSource {
    private final WallTime real = new WallTime();
    private volatile @Nullable String thread;
    private volatile Supplier<Error> error = StackOverflowError::new;

    void failIn(String name, Supplier<Error> with) {
      error = with;
      thread = name;
    }

    void goOn() {
      thread = null;
    }

    @Override
    public Instant now() {
      if (Thread.currentThread().getName().equals(thread)) {
        throw error.get();
      }
      return real.now();
    }

    @Override
    public long nanos() {
      return real.nanos();
    }

    @Override
    public Scheduled schedule(Duration delay, Runnable task) {
      return real.schedule(delay, task);
    }
  }

  /** So bad that not even a log can name it: whoever meets it ends. */
  private static final class Unspeakable extends Error {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new StackOverflowError();
    }
  }

  @BeforeEach
  void open() {
    appender.start();
    logger.addAppender(appender);
    var file = directory.resolve("pubsub.db");
    broker = new TestBroker(file, SqlitePubSub.at(file), time);
    broker.subscribe("paid", "g", receiver);
  }

  @AfterEach
  void close() {
    time.goOn();
    broker.close();
    logger.detachAppender(appender);
  }

  private void awaitTrouble(String... words) {
    await().atMost(TestReceiver.PATIENCE).untilAsserted(() -> assertThat(
            catchThrowable(() -> broker.component.probe(broker.in(Duration.ofSeconds(5)))))
        .isInstanceOf(ComponentException.class)
        .hasMessageContainingAll(words));
  }

  private void awaitWell() {
    await().atMost(TestReceiver.PATIENCE).untilAsserted(() -> assertThatCode(
            () -> broker.component.probe(broker.in(Duration.ofSeconds(5))))
        .doesNotThrowAnyException());
  }

  private List<String> errors() {
    return logged.stream()
        .filter(event -> event.getLevel() == Level.ERROR)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Test
  void anErrorOfTheClerkIsLoggedAndShownInHealthAndItGoesOnWhenThatIsOver() {
    time.failIn(CLERK, StackOverflowError::new);
    broker.publish("paid", "a", "b");
    awaitTrouble("group \"g\"", "topic \"paid\"", "java.lang.StackOverflowError");
    assertThat(receiver.received).isEmpty();
    time.goOn();
    receiver.awaitInAnyOrder("a", "b");
    awaitWell();
    broker.awaitAllDone();
    // Once, however often it was tried.
    assertThat(errors())
        .containsExactly("the subscription of group \"g\" to topic \"paid\" can't go on for now");
  }

  @Test
  void aClerkWhoseThreadHasEndedIsReplaced() {
    time.failIn(CLERK, Unspeakable::new);
    broker.publish("paid", "a");
    // That a thread ends by the error is what is asked for.
    await()
        .dontCatchUncaughtExceptions()
        .atMost(TestReceiver.PATIENCE)
        .untilAsserted(
            () -> assertThat(errors())
                .contains(
                    "the subscription of group \"g\" to topic \"paid\": its thread has ended unexpectedly; another one goes on"));
    awaitTrouble("topic \"paid\"", "Unspeakable");
    time.goOn();
    receiver.awaitTexts("a");
    broker.publish("paid", "b");
    receiver.awaitTexts("a", "b");
    awaitWell();
    broker.awaitAllDone();
  }

  @Test
  void anErrorOfTheKeeperIsLoggedAndShownInHealthAndItGoesOnWhenThatIsOver() {
    time.failIn(KEEPER, StackOverflowError::new);
    awaitTrouble("leases can't be kept for now", "java.lang.StackOverflowError");
    time.goOn();
    awaitWell();
    assertThat(errors()).containsExactly("pubsub \"pubsub\" can't be kept for now");
  }

  @Test
  void aSystemThatGivesNoThreadsIsShownInHealthAndEventsAreHandledOnceItDoes() {
    broker.refuseThreads(new OutOfMemoryError("unable to create native thread"));
    broker.publish("paid", "a", "b");
    awaitTrouble("topic \"paid\"", "java.lang.OutOfMemoryError");
    broker.refuseThreads(null);
    receiver.awaitInAnyOrder("a", "b");
    awaitWell();
    broker.awaitAllDone();
    assertThat(errors())
        .containsExactly("no thread for \"pubsub/paid\"; it is tried again and again");
  }
}
