"""stub"""
from regie_watch_party.clock import ClockEstimator, PingSchedule
from regie_watch_party.controller import Controller
from regie_watch_party.player import *
from regie_watch_party.timeline import Timeline, start_lead_s

class Srv:
    def __init__(self, world, clients):
        self.w=world; self.c=clients; self.t=Timeline(epoch=1); self.rtt={}
    def receive(self, i, m):
        now=self.w.now
        if m[0]=="ping":
            self.rtt[i]=m[2]
            self.c[i].deliver(("pong",m[1],now)); return
        if m[0]=="sync":
            self.c[i].deliver(("tl",self.t)); return
        lead=start_lead_s(max(self.rtt.values()))
        if m[0]=="play": self.t=self.t.play(now,lead)
        elif m[0]=="pause": self.t=self.t.pause(now)
        else: self.t=self.t.seek(now,m[1],lead)
        for c in self.c:
            if c.present: c.deliver(("tl",self.t))

class Agent:
    def __init__(self, client):
        self.c=client; self.clock=ClockEstimator(); self.p=PingSchedule(); self.ctl=Controller()
    def joined(self):
        self.c.send(("sync",)); self.p.burst(self.c.monotonic())
    def receive(self,m):
        if m[0]=="pong": 
            self.clock.add(m[1],m[2],self.c.monotonic())
        else:
            self.ctl.follow(m[1]); self.tick()
    def press(self,kind,pos): self.c.send((kind,pos))
    def tick(self):
        now=self.c.monotonic()
        if self.p.due(now): self.c.send(("ping",now,self.clock.rtt_p95_s()))
        if not self.clock.synchronised: return
        pl=self.c.player
        for cmd in self.ctl.tick(now,self.clock.server_time(now),pl.read(now)):
            if type(cmd) is Play: pl.play()
            elif type(cmd) is Pause: pl.pause()
            elif type(cmd) is Seek: pl.seek(cmd.position_s)
            else: pl.set_rate(cmd.rate)
        if self.ctl.wake_at_s: self.c.at_monotonic(self.ctl.wake_at_s, self.tick)

def ours(world, clients):
    for c in clients: c.agent=Agent(c)
    return Srv(world, clients)
