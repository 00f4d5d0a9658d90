// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getSubscribeTopicEventsAlpha1Method;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.HandlerRegistration;
import dev.pillion.NoSuchComponentException;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.NotHandledException;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestInitialAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestProcessedAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsResponseAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsResponseInitialAlpha1;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream: a caller's subscription, from his first message to the end of the call. Events are
 * handed over by the threads that deliver them, which wait until the connection takes more and the
 * caller has answered. What he has not answered when the stream ends was not handled. Thread-safe.
 */
final class EventStream extends ServerCall.Listener<byte[]> {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);
  private static final String OPERATION = "SubscribeTopicEventsAlpha1";
  private static final String THREAD = "grpc/" + OPERATION;
  private static final String PATH = "/";
  private static final Duration AGAIN = Duration.ofMillis(100);
  private static final long PULSE = TimeUnit.SECONDS.toNanos(1);

  private final Serving serving;
  private final ServerCall<byte[], SubscribeTopicEventsResponseAlpha1> call;
  private final CallContext context;
  private final Consumer<EventStream> onEnd;
  private final Awaited awaited = new Awaited();

  /** Guards the call, which takes one thing at a time, and the stream's own course. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private boolean begun;
  private boolean open;
  private boolean ended;
  private @Nullable HandlerRegistration registration;
  private volatile @Nullable SubscriptionDeclaration subscription;

  EventStream(
      Serving serving,
      ServerCall<byte[], SubscribeTopicEventsResponseAlpha1> call,
      CallContext context,
      Consumer<EventStream> onEnd) {
    this.serving = serving;
    this.call = call;
    this.context = context;
    this.onEnd = onEnd;
  }

  /** What the caller is subscribed to; null before and after. */
  @Nullable
  SubscriptionDeclaration subscription() {
    return subscription;
  }

  // ---- what the caller says, on the event loop

  @Override
  public void onMessage(byte[] message) {
    try {
      said(RawRequest.parse(getSubscribeTopicEventsAlpha1Method(), message));
    } catch (StatusRuntimeException e) {
      end(e);
    }
  }

  private void said(SubscribeTopicEventsRequestAlpha1 message) {
    if (!begun) {
      begun = true;
      begin(message);
    } else if (message.hasInitialRequest()) {
      throw refused("duplicate initial request received");
    } else if (message.hasEventProcessed()) {
      processed(message.getEventProcessed());
    }
    call.request(1);
  }

  private void begin(SubscribeTopicEventsRequestAlpha1 message) {
    if (!message.hasInitialRequest()) {
      throw refused("initial request is required");
    }
    var initial = message.getInitialRequest();
    if (initial.getPubsubName().isEmpty()) {
      throw refused("pubsubName is required");
    }
    if (initial.getTopic().isEmpty()) {
      throw refused("topic is required");
    }
    try {
      serving.runtime().threads().execute(THREAD, () -> subscribe(initial));
    } catch (RuntimeException e) {
      throw serving.status(OPERATION, e);
    }
  }

  private void processed(SubscribeTopicEventsRequestProcessedAlpha1 said) {
    var result = TopicEvents.result(said.getStatus().getStatus());
    if (!awaited.answered(said.getId(), result)) {
      log.debug("a subscriber answered an event that is not on its way to him");
    }
  }

  /** Dapr's errors here are plain ones, of the code for all others. */
  private static StatusRuntimeException refused(String why) {
    return GrpcErrors.plain(Status.Code.UNKNOWN, why);
  }

  // ---- the subscription, on a thread of the runtime

  private void subscribe(SubscribeTopicEventsRequestInitialAlpha1 initial) {
    var options = options(initial);
    HandlerRegistration made;
    try {
      made = serving
          .runtime()
          .calls()
          .run(Call.inbound(UnaryHandler.BLOCK, "grpc", OPERATION, false, context), inner -> serving
              .runtime()
              .subscribe(
                  initial.getPubsubName(),
                  initial.getTopic(),
                  byte[].class,
                  options,
                  this::deliver));
    } catch (NoSuchComponentException e) {
      end(PubSubFailures.notFound(initial.getPubsubName(), initial.getMetadataMap()));
      return;
    } catch (BuildingBlockException | IllegalArgumentException e) {
      end(refused("failed to create subscription for %s: %s"
          .formatted(initial.getPubsubName(), e.getMessage())));
      return;
    } catch (Throwable e) {
      end(serving.status(OPERATION, e));
      return;
    }
    if (opened(made)) {
      subscription =
          new SubscriptionDeclaration("", initial.getPubsubName(), initial.getTopic(), options);
    } else {
      made.close();
    }
  }

  private static SubscribeOptions options(SubscribeTopicEventsRequestInitialAlpha1 initial) {
    // With a route of its own it is independent of what resources say.
    var options = SubscribeOptions.defaults()
        .otherwise(PATH)
        .metadata(initial.getMetadataMap())
        .forPeer("a stream of a peer");
    if (!initial.getDeadLetterTopic().isEmpty()) {
      options = options.deadLetterTopic(initial.getDeadLetterTopic());
    }
    var consumerId = initial.getMetadataMap().getOrDefault("consumerID", "").strip();
    return consumerId.isEmpty() ? options : options.consumerId(consumerId);
  }

  private boolean opened(HandlerRegistration made) {
    lock.lock();
    try {
      if (ended) {
        return false;
      }
      registration = made;
      send(() -> {
        call.sendHeaders(new Metadata());
        call.sendMessage(SubscribeTopicEventsResponseAlpha1.newBuilder()
            .setInitialResponse(SubscribeTopicEventsResponseInitialAlpha1.getDefaultInstance())
            .build());
      });
      open = true;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  // ---- events, on the threads that deliver them

  private DeliveryResult deliver(CloudEvent<byte[]> event, Delivery delivery)
      throws NotHandledException, InterruptedException {
    var message = SubscribeTopicEventsResponseAlpha1.newBuilder()
        .setEventMessage(TopicEvents.request(event, delivery))
        .build();
    serving.checkSize(message.getSerializedSize());
    var deadline = delivery.deadline();
    var reply = awaited.expect(event.id(), deadline);
    try {
      send(message, deadline);
      return awaited.await(reply, deadline);
    } finally {
      awaited.forget(reply);
    }
  }

  /** Sends once the stream is open and the connection takes more. */
  private void send(SubscribeTopicEventsResponseAlpha1 message, Deadline deadline)
      throws NotHandledException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!ended && !(open && call.isReady())) {
        if (deadline.hasPassed()) {
          throw new CallTimeoutException(
              "ERR_PUBSUB_EVENTS_SER",
              "the subscriber's stream took no further event before the deadline of the delivery",
              null);
        }
        changed.awaitNanos(deadline.remainingNanos(PULSE));
      }
      if (ended) {
        throw new NotHandledException("the stream of the subscriber has ended");
      }
      send(() -> call.sendMessage(message));
    } finally {
      lock.unlock();
    }
  }

  /** A call that was cut meanwhile finds nobody to send to. */
  private static void send(Runnable what) {
    try {
      what.run();
    } catch (RejectedExecutionException | IllegalStateException e) {
      log.debug("a subscriber's stream ended after its connection", e);
    }
  }

  @Override
  public void onReady() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // ---- the end

  /** Without further answers of the caller the stream is of no use. */
  @Override
  public void onHalfClose() {
    end(Status.OK, new Metadata());
  }

  @Override
  public void onCancel() {
    end(null, new Metadata());
  }

  @Override
  public void onComplete() {
    end(null, new Metadata());
  }

  /** Ends the stream from this side; the caller may come again elsewhere. */
  void close() {
    end(Status.UNAVAILABLE.withDescription("the facade is closing"), new Metadata());
  }

  private void end(StatusRuntimeException failure) {
    var trailers = failure.getTrailers();
    end(failure.getStatus(), trailers == null ? new Metadata() : trailers);
  }

  /** @param status what the caller is told; null when he is gone */
  private void end(@Nullable Status status, Metadata trailers) {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      ended = true;
      if (status != null) {
        send(() -> call.close(status, trailers));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    subscription = null;
    onEnd.accept(this);
    release();
  }

  /** Elsewhere, for it waits for the broker, and the event loop must not. */
  private void release() {
    var made = registration;
    if (made == null) {
      awaited.gone();
      return;
    }
    try {
      serving.runtime().threads().execute(THREAD, () -> {
        // Paused first: what is given back must not come straight back here.
        made.pause();
        awaited.gone();
        made.close();
      });
    } catch (BuildingBlockException e) {
      serving.runtime().time().schedule(AGAIN, this::release);
    } catch (IllegalStateException e) {
      // The runtime has ended, and all subscriptions with it.
      awaited.gone();
    }
  }
}
