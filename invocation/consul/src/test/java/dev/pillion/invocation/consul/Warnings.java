// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What this package has warned of since it was made. */
final class Warnings extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger = (Logger) LoggerFactory.getLogger(Warnings.class.getPackageName());
  private final List<String> seen = new CopyOnWriteArrayList<>();

  Warnings() {
    start();
    logger.addAppender(this);
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
      seen.add(event.getFormattedMessage());
    }
  }

  List<String> seen() {
    return seen;
  }

  @Override
  public void close() {
    logger.detachAppender(this);
  }
}
