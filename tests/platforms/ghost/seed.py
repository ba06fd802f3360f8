#!/usr/bin/env python3
"""Fills a running Ghost's database the way its own mailer and analytics job would.

seed.py [--members N] [--emails E] [--days D] [--seed S] [--live K]; needs $GHOST_DIR. The same seed and --end give the
same data. --live K: K more opens on mails of before, some of them late (1 to 3 hours old), with clicks and unsubscribes."""
import argparse,os,random,sqlite3,json,time,uuid,hashlib
from datetime import datetime,timedelta,timezone
D=os.environ['GHOST_DIR']+'/data'
a=argparse.ArgumentParser(); a.add_argument('--members',type=int,default=1000); a.add_argument('--emails',type=int,default=8); a.add_argument('--days',type=int,default=120)
a.add_argument('--seed',type=int,default=1); a.add_argument('--end',default=None); a.add_argument('--live',type=int,default=0); a.add_argument('--html-kb',type=int,default=24); o=a.parse_args()
R=random.Random(o.seed); c=sqlite3.connect(D+'/ghost.db',timeout=60); c.execute('pragma foreign_keys=on')
end=datetime.fromisoformat(o.end) if o.end else datetime.now(timezone.utc).replace(tzinfo=None,microsecond=0)
ctr=[R.getrandbits(23)]
def oid(t):
    ctr[0]=(ctr[0]+1)&0xffffff
    return f'{int(t.replace(tzinfo=timezone.utc).timestamp()):08x}{R.getrandbits(40):010x}{ctr[0]:06x}'
S=lambda t:t.strftime('%Y-%m-%d %H:%M:%S') if t else None
cols={t:[r[1] for r in c.execute(f'pragma table_info({t})')] for (t,) in c.execute("select name from sqlite_master where type='table'")}
user=c.execute("select created_by from settings limit 1").fetchone()[0] if 'created_by' in cols['settings'] else (c.execute('select id from users limit 1').fetchone()[0])
def ins(t,rows):
    if not rows: return
    ks=[k for k in rows[0] if k in cols[t]]
    c.executemany(f'insert into {t} ({",".join(chr(96)+k+chr(96) for k in ks)}) values ({",".join("?"*len(ks))})',[[r[k] for k in ks] for r in rows])
nl=c.execute("select id from newsletters where status='active' order by created_at,id limit 1").fetchone()[0]
exp={}
def inc(k,n=1): exp[k]=exp.get(k,0)+n
if o.live:
    opened=c.execute("select id,member_id,email_id from email_recipients where opened_at is null and failed_at is null and delivered_at is not null order by random() limit ?",(o.live,)).fetchall()
    reds=c.execute('select id from redirects').fetchall()
    for i,(rid,mid,eid) in enumerate(opened):
        t=end-(timedelta(seconds=R.randint(0,59)) if i%5 else timedelta(seconds=R.randint(3600,10800))); inc('late' if i%5==0 else 'fresh')
        c.execute('update email_recipients set opened_at=? where id=?',(S(t),rid)); inc('opened')
        if reds and i%3==0: ins('members_click_events',[dict(id=oid(t),member_id=mid,redirect_id=R.choice(reds)[0],created_at=S(t))]); inc('clicked')
        if i%20==19: ins('members_subscribe_events',[dict(id=oid(t),member_id=mid,subscribed=0,created_at=S(t),source='member',newsletter_id=nl)]); c.execute('delete from members_newsletters where member_id=?',(mid,)); inc('unsubscribed')
    c.commit(); print(json.dumps(exp)); raise SystemExit
start=end-timedelta(days=o.days)
labels=[]
for n in ['VIP','Beta Tester','imported','churn-risk','Söndag läsare']:
    r=c.execute('select id from labels where name=?',(n,)).fetchone()
    if not r:
        r=(oid(start),); ins('labels',[dict(id=r[0],name=n,slug=n.lower().replace(' ','-').replace('ö','o').replace('ä','a'),created_at=S(start),created_by=user,updated_at=S(start),updated_by=user)])
    labels.append(r[0])
base=c.execute('select count(*) from members').fetchone()[0]
M=[];ML=[];MN=[];SE=[];CE=[];ST=[]
first=['Ana','Bo','Chloé','Dai','Eva','Farid','Gül','Hana','Ivo','Jürgen','Kim','Łukasz','Mia','Nils','Ola','Per','Quinn','Rosa','Søren','Tomás']
for i in range(o.members):
    t=start+timedelta(seconds=R.randint(0,int(o.days*86400*0.6))); m=oid(t); em=f'reader{base+i}@example.{R.choice(["com","org","net"])}'
    nm=None if R.random()<.1 else f'{R.choice(first)} {R.choice("ABCDEFGH")}.'; un=R.random()<.04
    M.append(dict(id=m,uuid=str(uuid.UUID(int=R.getrandbits(128),version=4)),transient_id=f'{R.getrandbits(64):016x}',email=em,status='free',name=nm,expertise=None,note=None,geolocation=None,enable_comment_notifications=1,email_count=0,email_opened_count=0,email_open_rate=None,email_disabled=0,last_seen_at=None,last_commented_at=None,created_at=S(t),created_by=user,updated_at=S(t),updated_by=user,_t=t))
    for l in R.sample(labels,R.choice([0,0,1,1,2])): ML.append(dict(id=oid(t),member_id=m,label_id=l,sort_order=0))
    SE.append(dict(id=oid(t),member_id=m,subscribed=1,created_at=S(t),source='member',newsletter_id=nl)); CE.append(dict(id=oid(t),created_at=S(t),member_id=m,attribution_id=None,attribution_type=None,attribution_url=None,referrer_source='Direct',referrer_medium=None,referrer_url=None,source='member',batch_id=None))
    ST.append(dict(id=oid(t),member_id=m,from_status=None,to_status='free',created_at=S(t)))
    if un:
        u=t+timedelta(seconds=R.randint(3600,int((end-t).total_seconds()) if (end-t).total_seconds()>7200 else 7200)); SE.append(dict(id=oid(u),member_id=m,subscribed=0,created_at=S(u),source='member',newsletter_id=nl)); M[-1]['_un']=u; inc('unsubscribed')
    else: MN.append(dict(id=oid(t),member_id=m,newsletter_id=nl))
ins('members',M); ins('members_labels',ML); ins('members_newsletters',MN); ins('members_subscribe_events',SE); ins('members_created_events',CE); ins('members_status_events',ST)
exp['members']=len(M); exp['newsletter_event']=len(SE)
prop={m['id']:R.betavariate(1.2,2.2) for m in M}; dead=set(m['id'] for m in M if R.random()<.01)
tot={m['id']:[0,0,0] for m in M}; seen={}
posts=[]
for e in range(o.emails):
    s=start+timedelta(days=o.days*0.3)+(end-start)*0.68*(e+1)/(o.emails+0.0)*0.98; s=min(s,end-timedelta(hours=6))
    p=oid(s); title=f'Issue #{e+1}'
    P=dict(id=p,uuid=str(uuid.UUID(int=R.getrandbits(128),version=4)),title=title,slug=f'issue-{o.seed}-{base}-{e+1}',lexical='{"root":{"children":[],"type":"root","version":1}}',html='<p>Hi</p>',comment_id=p,plaintext='Hi',featured=0,type='post',status='published',visibility='public',email_recipient_filter='all',created_at=S(s),created_by=user,updated_at=S(s),updated_by=user,published_at=S(s),published_by=user,newsletter_id=nl,show_title_and_feature_image=1)
    ins('posts',[P]); eid=oid(s)
    rc=[m for m in M if m['_t']<s and not ('_un' in m and m['_un']<s) and m['id'] not in seen.get('fail',set())]
    E=dict(id=eid,post_id=p,uuid=str(uuid.UUID(int=R.getrandbits(128),version=4)),status='submitted',recipient_filter='all',error=None,error_data='[]',email_count=len(rc),delivered_count=0,opened_count=0,failed_count=0,subject=title,**{'from':'Peer <noreply@example.com>'},reply_to='noreply@example.com',html='<p>'+'lorem ipsum '*(o.html_kb*85)+'</p>',plaintext='lorem ipsum '*(o.html_kb*20),source=P['lexical'],source_type='lexical',track_opens=1,track_clicks=1,feedback_enabled=0,submitted_at=S(s),newsletter_id=nl,created_at=S(s),created_by=user,updated_at=S(s),updated_by=user,csd_email_count=None)
    ins('emails',[E]); B=[]; RR=[]; CL=[]; FL=[]; FB=[]; SP=[]; SU=[]
    reds=[dict(id=oid(s),**{'from':f'/r/{R.getrandbits(32):08x}'},to=f'https://example.com/a{e}-{k}?ref=peer-newsletter',post_id=p,created_at=S(s),updated_at=S(s)) for k in range(4)]; ins('redirects',reds)
    for j,m in enumerate(rc):
        if j%1000==0: B.append(dict(id=oid(s),email_id=eid,provider_id=f'<{R.getrandbits(48):012x}@mg.example.com>',status='submitted',member_segment=None,error_status_code=None,error_message=None,error_data=None,created_at=S(s),updated_at=S(s),fallback_sending_domain=0))
        pr=s+timedelta(seconds=5+j//200); de=op=fa=None; x=oid(s); k=m['id']
        if k in dead: fa=pr+timedelta(seconds=R.randint(1,600))
        elif R.random()<.996: de=pr+timedelta(seconds=R.randint(1,120))
        if de and R.random()<prop[k]:
            op=de+timedelta(seconds=int(R.expovariate(1/20000))); op=op if op<end else None
        RR.append(dict(id=x,email_id=eid,member_id=k,batch_id=B[-1]['id'],processed_at=S(pr),delivered_at=S(de),opened_at=S(op),failed_at=S(fa),member_uuid=m['uuid'],member_email=m['email'],member_name=m['name'])); tot[k][0]+=1
        if de: inc('delivered'); E['delivered_count']+=1
        if op:
            inc('opened'); E['opened_count']+=1; tot[k][1]+=1; m['last_seen_at']=S(op)
            while R.random()<.28:
                t=op+timedelta(seconds=R.randint(1,900))
                if t>=end: break
                CL.append(dict(id=oid(t),member_id=k,redirect_id=R.choice(reds)['id'],created_at=S(t))); inc('clicked'); tot[k][2]+=1
            if R.random()<.01: FB.append(dict(id=oid(op),score=R.choice([0,1,1]),member_id=k,post_id=p,created_at=S(op),updated_at=S(op))); inc('feedback')
        if fa:
            inc('failed'); E['failed_count']+=1; seen.setdefault('fail',set()).add(k); FL.append(dict(id=oid(fa),email_id=eid,member_id=k,email_recipient_id=x,code=605 if R.random()<.3 else 550,enhanced_code='5.1.1',message='Not delivering to previously bounced address' if R.random()<.3 else '550 5.1.1 user unknown',severity='permanent',failed_at=S(fa),event_id=f'ev{R.getrandbits(48):012x}'))
            SU.append(dict(id=oid(fa),email=m['email'],email_id=eid,reason='bounce',created_at=S(fa))); m['email_disabled']=1
        elif not de: inc('sent_only'); t=pr+timedelta(seconds=300); FL.append(dict(id=oid(t),email_id=eid,member_id=k,email_recipient_id=x,code=452,enhanced_code='4.2.2',message='mailbox full',severity='temporary',failed_at=S(t),event_id=f'ev{R.getrandbits(48):012x}')); inc('temp_failures')
        elif R.random()<.0006 and de: t=de+timedelta(seconds=R.randint(60,5000)); SP.append(dict(id=oid(t),member_id=k,email_id=eid,email_address=m['email'],created_at=S(t))); inc('complained')
    for t,r in (('email_batches',B),('email_recipients',RR),('members_click_events',CL),('email_recipient_failures',FL),('members_feedback',FB),('email_spam_complaint_events',SP)): ins(t,r)
    known=set(x for (x,) in c.execute('select email from suppressions')); ins('suppressions',[x for x in SU if x['email'] not in known])
    c.execute('update emails set delivered_count=?,opened_count=?,failed_count=? where id=?',(E['delivered_count'],E['opened_count'],E['failed_count'],eid))
    exp.setdefault('recipients',0); exp['recipients']+=len(rc)
c.executemany('update members set email_count=?,email_opened_count=?,email_open_rate=?,last_seen_at=?,email_disabled=? where id=?',[(tot[m['id']][0],tot[m['id']][1],round(100*tot[m['id']][1]/tot[m['id']][0]) if tot[m['id']][0]>=5 else None,m['last_seen_at'],m['email_disabled'],m['id']) for m in M])
c.commit(); print(json.dumps(exp))
