package people

// southAsian are languages of India, Pakistan, Bangladesh and their neighbours.
var southAsian = []locale{
	{
		language: "hi", share: 72,
		women:    "प्रिया=priya, अनीता=anita, सुनीता=sunita, नेहा=neha, काव्या=kavya, दीपिका=deepika, पूजा=pooja, अंजलि=anjali, मीनाक्षी=meenakshi, रश्मि=rashmi, श्रेया=shreya, गीता=geeta",
		men:      "राहुल=rahul, अमित=amit, विकास=vikas, संजय=sanjay, आरव=aarav, मनोज=manoj, कृष्ण=krishna, अर्जुन=arjun, दीपक=deepak, सूरज=suraj, हर्ष=harsh, विवेक=vivek",
		families: "शर्मा=sharma, वर्मा=verma, गुप्ता=gupta, सिंह=singh, कुमार=kumar, यादव=yadav, मिश्रा=mishra, पाण्डेय=pandey, तिवारी=tiwari, जोशी=joshi, अग्रवाल=agrawal, चौहान=chauhan, त्रिपाठी=tripathi, सक्सेना=saxena, ठाकुर=thakur, मेहता=mehta, श्रीवास्तव=srivastava, राठौड़=rathore, दुबे=dubey, भट्ट=bhatt, चतुर्वेदी=chaturvedi, मल्होत्रा=malhotra",
		places: []place{
			{"IN", "New Delhi", "नई दिल्ली", "1100##"}, {"IN", "Mumbai", "मुंबई", "4000##"}, {"IN", "Lucknow", "लखनऊ", "2260##"}, {"IN", "Jaipur", "जयपुर", "3020##"}, {"IN", "Patna", "पटना", "8000##"}, {"IN", "Bhopal", "भोपाल", "4620##"},
		},
	},
	{
		language: "bn", share: 42,
		women:    "ফাতেমা=fatema, তানিয়া=tania, সুমাইয়া=sumaiya, মৌসুমী=mousumi, রোকেয়া=rokeya, অনন্যা=ananya, সোহানা=sohana, নুসরাত=nusrat, ঐশী=oishi, মিতালি=mitali, রুমা=ruma, শ্রাবণী=shrabani",
		men:      "রহিম=rahim, করিম=karim, সাকিব=sakib, তানভীর=tanvir, আরিফ=arif, অরিন্দম=arindam, সৌরভ=sourav, মাহমুদ=mahmud, ইমরান=imran, জয়ন্ত=jayanta, হাসান=hasan, রাজীব=rajib",
		families: "হোসেন=hossain, রহমান=rahman, ইসলাম=islam, আহমেদ=ahmed, চৌধুরী=chowdhury, খান=khan, সরকার=sarkar, মণ্ডল=mondal, দাস=das, ঘোষ=ghosh, বসু=basu, চক্রবর্তী=chakraborty, মুখোপাধ্যায়=mukhopadhyay, বিশ্বাস=biswas, সাহা=saha, মিয়া=mia, তালুকদার=talukdar, উদ্দিন=uddin, পাল=pal, রায়=roy, ভূঁইয়া=bhuiyan",
		places: []place{
			{"BD", "Dhaka", "ঢাকা", "12##"}, {"BD", "Chittagong", "চট্টগ্রাম", "4###"}, {"BD", "Sylhet", "সিলেট", "31##"}, {"IN", "Kolkata", "কলকাতা", "7000##"},
		},
	},
	{
		language: "ta", share: 20,
		women:    "லட்சுமி=lakshmi, மீனா=meena, கவிதா=kavitha, பிரியா=priya, தமிழ்ச்செல்வி=tamilselvi, வள்ளி=valli, சுகன்யா=suganya, நித்யா=nithya, அனிதா=anitha, யாழினி=yazhini, கயல்விழி=kayalvizhi, தேன்மொழி=thenmozhi",
		men:      "முருகன்=murugan, கார்த்திக்=karthik, செல்வம்=selvam, அருண்=arun, பாலாஜி=balaji, விஜய்=vijay, சரவணன்=saravanan, கதிர்=kathir, இளங்கோ=ilango, மணிகண்டன்=manikandan, சுரேஷ்=suresh, தினேஷ்=dinesh",
		families: "சுப்பிரமணியன்=subramanian, கிருஷ்ணன்=krishnan, இராமசாமி=ramasamy, நடராஜன்=natarajan, பழனிசாமி=palanisamy, வேலு=velu, சண்முகம்=shanmugam, கோவிந்தன்=govindan, ராஜா=raja, தங்கராஜ்=thangaraj, ஆறுமுகம்=arumugam, பெருமாள்=perumal, சிவகுமார்=sivakumar, குமரன்=kumaran, மாணிக்கம்=manickam, ஜெயராமன்=jayaraman, வரதராஜன்=varadarajan, நாகராஜன்=nagarajan, முத்துசாமி=muthusamy, அண்ணாமலை=annamalai, செல்லையா=chelliah",
		places: []place{
			{"IN", "Chennai", "சென்னை", "6000##"}, {"IN", "Madurai", "மதுரை", "6250##"}, {"IN", "Coimbatore", "கோயம்புத்தூர்", "6410##"}, {"LK", "Jaffna", "யாழ்ப்பாணம்", "40000"}, {"SG", "Singapore", "சிங்கப்பூர்", "2#####"},
		},
	},
	{
		language: "te", share: 18,
		women:    "లక్ష్మి=lakshmi, శ్రావణి=sravani, సౌజన్య=soujanya, అనూష=anusha, పద్మ=padma, స్వాతి=swathi, కల్యాణి=kalyani, రమ్య=ramya, దివ్య=divya, సుజాత=sujatha, హారిక=harika, భవాని=bhavani",
		men:      "రాము=ramu, వెంకట్=venkat, శ్రీనివాస్=srinivas, నరేష్=naresh, కిరణ్=kiran, సురేష్=suresh, రవి=ravi, ప్రసాద్=prasad, మహేష్=mahesh, సాయి=sai, కృష్ణ=krishna, చైతన్య=chaitanya",
		families: "రెడ్డి=reddy, రావు=rao, నాయుడు=naidu, చౌదరి=chowdary, వర్మ=varma, శర్మ=sharma, గౌడ్=goud, యాదవ్=yadav, మూర్తి=murthy, శాస్త్రి=sastry, రాజు=raju, కుమార్=kumar, దేవి=devi, స్వామి=swamy, నాయక్=nayak, కొండా=konda, వేముల=vemula, గుంటూరు=guntur, పల్లె=palle, బొమ్మ=bomma, తాటి=thati",
		places: []place{
			{"IN", "Hyderabad", "హైదరాబాద్", "5000##"}, {"IN", "Vijayawada", "విజయవాడ", "5200##"}, {"IN", "Visakhapatnam", "విశాఖపట్నం", "5300##"}, {"IN", "Warangal", "వరంగల్", "5060##"},
		},
	},
	{
		language: "ur", share: 22,
		women:    "عائشہ=ayesha, ثناء=sana, صائمہ=saima, رابعہ=rabia, نادیہ=nadia, حنا=hina, مہوش=mehwish, زارا=zara, بشریٰ=bushra, شازیہ=shazia, کنول=kanwal, عفت=iffat",
		men:      "احمد=ahmed, علی=ali, بلال=bilal, عمران=imran, فیصل=faisal, حمزہ=hamza, ذیشان=zeeshan, وقاص=waqas, شہزاد=shahzad, کاشف=kashif, طلحہ=talha, ندیم=nadeem",
		families: "خان=khan, ملک=malik, چوہدری=chaudhry, بٹ=butt, شیخ=sheikh, قریشی=qureshi, صدیقی=siddiqui, ہاشمی=hashmi, انصاری=ansari, مغل=mughal, راجپوت=rajput, عباسی=abbasi, رضوی=rizvi, گیلانی=gilani, جٹ=jatt, آفریدی=afridi, بلوچ=baloch, مرزا=mirza, نقوی=naqvi, زیدی=zaidi, گوندل=gondal",
		places: []place{
			{"PK", "Karachi", "کراچی", "74###"}, {"PK", "Lahore", "لاہور", "54###"}, {"PK", "Islamabad", "اسلام آباد", "44###"}, {"PK", "Peshawar", "پشاور", "25###"}, {"IN", "Lucknow", "لکھنؤ", "2260##"},
		},
	},
}

// eastAsian are languages from China to Thailand.
var eastAsian = []locale{
	{
		language: "zh", share: 88, order: familyJoined,
		women:    "芳=fang, 敏=min, 静=jing, 丽=li, 秀英=xiuying, 雨桐=yutong, 欣怡=xinyi, 梓涵=zihan, 晓燕=xiaoyan, 婷婷=tingting, 美玲=meiling, 佳琪=jiaqi, 雅文=yawen, 思颖=siying, 慧=hui, 诗雨=shiyu",
		men:      "伟=wei, 强=qiang, 磊=lei, 军=jun, 浩然=haoran, 子轩=zixuan, 宇航=yuhang, 建国=jianguo, 志明=zhiming, 家豪=jiahao, 俊杰=junjie, 明哲=mingzhe, 文博=wenbo, 天佑=tianyou, 涛=tao, 鹏飞=pengfei",
		families: "王=wang, 李=li, 张=zhang, 刘=liu, 陈=chen, 杨=yang, 黄=huang, 赵=zhao, 吴=wu, 周=zhou, 徐=xu, 孙=sun, 马=ma, 朱=zhu, 胡=hu, 郭=guo, 林=lin, 何=he, 高=gao, 罗=luo, 欧阳=ouyang, 司马=sima, 郑=zheng, 谢=xie",
		places: []place{
			{"CN", "Beijing", "北京", "1000##"}, {"CN", "Shanghai", "上海", "2000##"}, {"CN", "Guangzhou", "广州", "5100##"}, {"CN", "Chengdu", "成都", "6100##"}, {"CN", "Xi'an", "西安", "7100##"},
			{"TW", "Taipei", "臺北", "10###"}, {"HK", "Hong Kong", "香港", "000000"}, {"SG", "Singapore", "新加坡", "1#####"}, {"MY", "Penang", "槟城", "10###"},
		},
	},
	{
		language: "ja", share: 46, order: familyFirst,
		women:    "さくら=sakura, 美咲=misaki, ひかり=hikari, 陽菜=hina, 結衣=yui, 葵=aoi, あかり=akari, 恵子=keiko, 智子=tomoko, 七海=nanami, みゆき=miyuki, エリカ=erika",
		men:      "翔太=shota, 大輔=daisuke, 健太=kenta, 蓮=ren, 陽翔=haruto, 拓海=takumi, 直樹=naoki, 一郎=ichiro, 悠真=yuma, 隆=takashi, ケン=ken, 颯太=sota",
		families: "佐藤=sato, 鈴木=suzuki, 高橋=takahashi, 田中=tanaka, 伊藤=ito, 渡辺=watanabe, 山本=yamamoto, 中村=nakamura, 小林=kobayashi, 加藤=kato, 吉田=yoshida, 山田=yamada, 佐々木=sasaki, 松本=matsumoto, 井上=inoue, 木村=kimura, 清水=shimizu, 阿部=abe, 森=mori, 池田=ikeda, 五十嵐=igarashi, 長谷川=hasegawa",
		places: []place{
			{"JP", "Tokyo", "東京", "1##-####"}, {"JP", "Osaka", "大阪", "5##-####"}, {"JP", "Kyoto", "京都", "60#-####"}, {"JP", "Sapporo", "札幌", "06#-####"}, {"JP", "Fukuoka", "福岡", "81#-####"}, {"JP", "Saitama", "さいたま", "33#-####"},
		},
	},
	{
		language: "ko", share: 32, order: familyJoined,
		women:    "서연=seoyeon, 지우=jiwoo, 수진=sujin, 민서=minseo, 하은=haeun, 영희=younghee, 은지=eunji, 유나=yuna, 혜진=hyejin, 소영=soyoung, 보람=boram, 예린=yerin",
		men:      "민준=minjun, 서준=seojun, 도윤=doyun, 지훈=jihoon, 현우=hyunwoo, 준호=junho, 성민=sungmin, 동현=donghyun, 태양=taeyang, 재욱=jaewook, 상철=sangchul, 우진=woojin",
		families: "김=kim, 이=lee, 박=park, 최=choi, 정=jung, 강=kang, 조=cho, 윤=yoon, 장=jang, 임=lim, 한=han, 오=oh, 서=seo, 신=shin, 권=kwon, 황=hwang, 안=ahn, 송=song, 류=ryu, 홍=hong, 남궁=namgung",
		places: []place{
			{"KR", "Seoul", "서울", "0####"}, {"KR", "Busan", "부산", "46###"}, {"KR", "Incheon", "인천", "21###"}, {"KR", "Daejeon", "대전", "34###"}, {"KR", "Jeju", "제주", "63###"},
		},
	},
	{
		language: "th", share: 26,
		women:    "สมหญิง=somying, มาลี=malee, พิมพ์ใจ=pimjai, กนกวรรณ=kanokwan, ศิริพร=siriporn, นภัสสร=naphatsorn, อรทัย=orathai, วันเพ็ญ=wanphen, ดวงใจ=duangjai, ปิยะดา=piyada, รัตนา=rattana, ชนิดา=chanida",
		men:      "สมชาย=somchai, ประเสริฐ=prasert, วิชัย=wichai, ธนกร=thanakorn, กิตติ=kitti, ณัฐวุฒิ=nattawut, อนุชา=anucha, สุรชัย=surachai, ชัยวัฒน์=chaiwat, ภาณุพงศ์=phanuphong, พงษ์ศักดิ์=phongsak, เอกชัย=ekachai",
		families: "ศรีสุข=srisuk, แก้วมณี=kaewmanee, ทองดี=thongdee, บุญมา=boonma, จันทร์เพ็ญ=chanphen, วงศ์สวัสดิ์=wongsawat, สุขใจ=sukjai, พรหมมา=phromma, ใจดี=jaidee, รัตนพงษ์=rattanaphong, แสงทอง=saengthong, ชัยมงคล=chaimongkhon, อินทร์แก้ว=inkaew, เพชรรัตน์=phetcharat, ศักดิ์สิทธิ์=saksit, คงทน=khongthon, มีสุข=meesuk, ปัญญาดี=panyadee, สายบัว=saibua, หงษ์ทอง=hongthong, เจริญผล=charoenphon",
		places: []place{
			{"TH", "Bangkok", "กรุงเทพมหานคร", "10##0"}, {"TH", "Chiang Mai", "เชียงใหม่", "50##0"}, {"TH", "Khon Kaen", "ขอนแก่น", "40##0"}, {"TH", "Phuket", "ภูเก็ต", "83##0"},
		},
	},
}
