// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Everything that is logged from here to the close, DEBUG included; it appears nowhere else
 * meanwhile. Needs Logback, which this artifact does not bring. Thread-safe, but two at a time on
 * one logger leave its level as the second found it.
 */
public final class CapturedLog implements AutoCloseable {
  private final Logger logger;
  private final @Nullable Level levelBefore;
  private final boolean additiveBefore;
  private final Lines lines = new Lines();

  private record Line(Level level, String message, String thrown) {}

  private static final class Lines extends AppenderBase<ILoggingEvent> {
    private final List<Line> all = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      var thrown = event.getThrowableProxy();
      all.add(new Line(
          event.getLevel(),
          event.getFormattedMessage(),
          thrown == null ? "" : "\n" + ThrowableProxyUtil.asString(thrown)));
    }
  }

  /** Begins to capture what Pillion logs. */
  public CapturedLog() {
    this("dev.pillion");
  }

  /** Begins to capture what this logger and those below it log, such as those of a package. */
  public CapturedLog(String name) {
    logger = (Logger) LoggerFactory.getLogger(name);
    levelBefore = logger.getLevel();
    additiveBefore = logger.isAdditive();
    lines.setContext(logger.getLoggerContext());
    lines.start();
    logger.setLevel(Level.DEBUG);
    logger.setAdditive(false);
    logger.addAppender(lines);
  }

  /** Level, message and stack trace of each line so far. */
  public List<String> lines() {
    return lines.all.stream()
        .map(line -> line.level + " " + line.message + line.thrown)
        .toList();
  }

  /** Those of one level, such as {@code "INFO"}. */
  public List<String> lines(String level) {
    return lines().stream().filter(line -> line.startsWith(level + " ")).toList();
  }

  /** The messages alone of all warnings and errors so far. */
  public List<String> warnings() {
    return lines.all.stream()
        .filter(line -> line.level.isGreaterOrEqual(Level.WARN))
        .map(Line::message)
        .toList();
  }

  @Override
  public void close() {
    logger.detachAppender(lines);
    logger.setAdditive(additiveBefore);
    logger.setLevel(levelBefore);
    lines.stop();
  }
}
