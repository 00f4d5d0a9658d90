// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.call.Call;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A program without a socket that subscribes and takes events as a test says. */
final class EventProgram implements AppTransport, AppEvents {
  volatile boolean listening = true;
  volatile boolean healthy = true;
  volatile Supplier<List<SubscriptionDeclaration>> list = List::of;
  volatile Answer answer = (event, delivery) -> DeliveryResult.SUCCESS;

  final AtomicInteger asked = new AtomicInteger();
  final List<Call> calls = new CopyOnWriteArrayList<>();
  final List<CloudEvent<byte[]>> events = new CopyOnWriteArrayList<>();
  final List<String> batches = new CopyOnWriteArrayList<>();

  @FunctionalInterface
  interface Answer {
    DeliveryResult to(CloudEvent<byte[]> event, Delivery delivery);
  }

  static SubscriptionDeclaration to(String topic, SubscribeOptions options) {
    return new SubscriptionDeclaration("", "bus", topic, options);
  }

  static SubscriptionDeclaration to(String topic) {
    return to(topic, SubscribeOptions.defaults().otherwise("/" + topic));
  }

  static InvocationException gone(InvocationException.Reason reason) {
    return new InvocationException(reason, "the app is not there", null);
  }

  @Override
  public String protocol() {
    return "http";
  }

  @Override
  public void start(EmbeddedRuntime runtime) {}

  @Override
  public InvocationResponse invoke(InvocationRequest request, Deadline deadline) {
    throw new AssertionError("nobody invokes this program");
  }

  @Override
  public boolean isListening(Deadline deadline) {
    return listening;
  }

  @Override
  public boolean isHealthy(Deadline deadline) {
    return healthy;
  }

  @Override
  public AppEvents events() {
    return this;
  }

  @Override
  public void close() {}

  @Override
  public List<SubscriptionDeclaration> subscriptions(AppChannel channel, Call call) {
    asked.incrementAndGet();
    calls.add(call);
    return list.get();
  }

  @Override
  public DeliveryResult deliver(AppChannel channel, CloudEvent<byte[]> event, Delivery delivery) {
    var result = channel.exchangeWithin(
        EventMetadata.context(delivery),
        EventMetadata.headers(delivery),
        (headers, deadline) -> answer.to(event, delivery));
    events.add(event);
    return result;
  }

  @Override
  public List<DeliveryResult> deliverAll(
      AppChannel channel, List<BulkHandler.Entry<byte[]>> entries, boolean raw) {
    batches.add(entries.size() + (raw ? " raw" : ""));
    entries.forEach(entry -> events.add(entry.event()));
    var outcomes = BulkOutcomes.of(entries.size());
    for (int i = 0; i < entries.size(); i++) {
      outcomes.say(
          BulkOutcomes.entryId(i),
          answer.to(entries.get(i).event(), entries.get(i).delivery()));
    }
    return outcomes.list();
  }
}
