// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.awaitility.Awaitility.await;

import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestInitialAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsRequestProcessedAlpha1;
import dev.pillion.wire.runtime.v1.SubscribeTopicEventsResponseAlpha1;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.core.ConditionFactory;

/** A subscriber's end of a stream. */
final class TestStream
    implements ClientResponseObserver<
        SubscribeTopicEventsRequestAlpha1, SubscribeTopicEventsResponseAlpha1> {
  final List<TopicEventRequest> events = new CopyOnWriteArrayList<>();
  final List<Status> ends = new CopyOnWriteArrayList<>();
  private final boolean reading;
  private volatile boolean open;
  private volatile boolean answersAll;
  private ClientCallStreamObserver<SubscribeTopicEventsRequestAlpha1> requests;

  private TestStream(boolean reading) {
    this.reading = reading;
  }

  static TestStream on(ManagedChannel channel) {
    return on(channel, true);
  }

  /** One that reads nothing by itself beyond the first answer. */
  static TestStream onButNotReading(ManagedChannel channel) {
    return on(channel, false);
  }

  private static TestStream on(ManagedChannel channel, boolean reading) {
    var stream = new TestStream(reading);
    var unused = DaprGrpc.newStub(channel).subscribeTopicEventsAlpha1(stream);
    return stream;
  }

  static ConditionFactory soon() {
    return await().atMost(ofSeconds(20)).pollInterval(ofMillis(10));
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<SubscribeTopicEventsRequestAlpha1> stream) {
    requests = stream;
    if (!reading) {
      stream.disableAutoRequestWithInitial(1);
    }
  }

  void read(int messages) {
    requests.request(messages);
  }

  TestStream subscribe(SubscribeTopicEventsRequestInitialAlpha1.Builder initial) {
    requests.onNext(SubscribeTopicEventsRequestAlpha1.newBuilder()
        .setInitialRequest(initial)
        .build());
    return this;
  }

  static SubscribeTopicEventsRequestInitialAlpha1.Builder to(String topic) {
    return SubscribeTopicEventsRequestInitialAlpha1.newBuilder()
        .setPubsubName("bus")
        .setTopic(topic);
  }

  TestStream opened() {
    soon().until(() -> open || !ends.isEmpty());
    if (!open) {
      throw new AssertionError("the stream has ended with " + ends);
    }
    return this;
  }

  synchronized void processed(String id, TopicEventResponseStatus status) {
    requests.onNext(SubscribeTopicEventsRequestAlpha1.newBuilder()
        .setEventProcessed(SubscribeTopicEventsRequestProcessedAlpha1.newBuilder()
            .setId(id)
            .setStatus(TopicEventResponse.newBuilder().setStatus(status)))
        .build());
  }

  void done(String id) {
    processed(id, TopicEventResponseStatus.SUCCESS);
  }

  /** Answers what has come and all that comes. */
  void answerAll() {
    answersAll = true;
    ids().forEach(this::done);
  }

  List<String> ids() {
    return events.stream().map(TopicEventRequest::getId).toList();
  }

  TopicEventRequest event(String id) {
    soon().until(() -> ids().contains(id));
    return events.stream().filter(event -> event.getId().equals(id)).findFirst().orElseThrow();
  }

  Status end() {
    soon().until(() -> !ends.isEmpty());
    return ends.get(0);
  }

  void halfClose() {
    requests.onCompleted();
  }

  void cancel() {
    requests.cancel("the test ends the stream", null);
  }

  @Override
  public void onNext(SubscribeTopicEventsResponseAlpha1 message) {
    if (message.hasInitialResponse()) {
      open = true;
    } else {
      events.add(message.getEventMessage());
      if (answersAll) {
        done(message.getEventMessage().getId());
      }
    }
  }

  @Override
  public void onError(Throwable e) {
    ends.add(Status.fromThrowable(e));
  }

  @Override
  public void onCompleted() {
    ends.add(Status.OK);
  }
}
