// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pillion.BuildingBlockException;
import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource.Scheduled;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This runtime as the agent knows it. Looks every 15 seconds whether it still does, for an agent
 * that was started anew may have forgotten it. Failures are logged once. Thread-safe.
 */
final class ConsulRegistration implements Registration {
  private static final Logger LOG = LoggerFactory.getLogger(ConsulRegistration.class);
  private static final Duration LOOK = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final ComponentContext context;
  private final Agent agent;
  private final ObjectNode service;
  private final String id;
  private final boolean deregisters;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable BuildingBlockException failure;
  private @Nullable Scheduled next;
  private boolean closed;

  ConsulRegistration(
      ComponentContext context, Agent agent, ObjectNode service, boolean deregisters) {
    this.context = context;
    this.agent = agent;
    this.service = service;
    this.deregisters = deregisters;
    // The setting's spelling is the user's.
    String found = "";
    for (var entry : service.properties()) {
      found = entry.getKey().equalsIgnoreCase("id") ? entry.getValue().asText() : found;
    }
    id = found;
  }

  /** @throws BuildingBlockException when the agent can't be told */
  void start() {
    lock.lock();
    try {
      agent.register(id, service, deadline());
      scheduleNext();
    } finally {
      lock.unlock();
    }
  }

  /** @throws ComponentException when the last look failed */
  void probe() {
    var cause = failure;
    if (cause != null) {
      throw ComponentException.unavailable(String.valueOf(cause.getMessage()), cause);
    }
  }

  /** Runs on the shared timer thread: only hands over. */
  private void tick() {
    try {
      context.threads().execute("nameresolution/" + context.name(), this::look);
    } catch (RuntimeException e) {
      LOG.debug("no thread to look after service {}", id, e);
      lock.lock();
      try {
        scheduleNext();
      } finally {
        lock.unlock();
      }
    }
  }

  private void look() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      BuildingBlockException problem = null;
      try {
        if (!agent.knows(id, deadline())) {
          agent.register(id, service, deadline());
          LOG.info("service \"{}\" is registered with Consul anew, which had forgotten it", id);
        }
      } catch (BuildingBlockException e) {
        problem = e;
      }
      outcome(problem);
      scheduleNext();
    } finally {
      lock.unlock();
    }
  }

  private void outcome(@Nullable BuildingBlockException problem) {
    boolean failed = failure != null;
    failure = problem;
    if (problem != null && !failed) {
      LOG.warn(
          "service \"{}\" may not be registered: {}; looking again every {} s",
          id,
          problem.getMessage(),
          LOOK.toSeconds());
    } else if (problem == null && failed) {
      LOG.info("service \"{}\" is registered with Consul at {}", id, agent);
    }
  }

  private void scheduleNext() {
    if (!closed) {
      next = context.time().schedule(LOOK, this::tick);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (next != null) {
        next.cancel();
      }
      if (deregisters) {
        agent.deregister(id, deadline());
      }
    } catch (BuildingBlockException e) {
      LOG.warn("service \"{}\" stays registered: {}", id, e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  private Deadline deadline() {
    return Deadline.after(PATIENCE, context.time());
  }
}
